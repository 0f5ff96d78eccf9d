"""Networks, by name."""

from pilot.networks import actor_critic as actor_critic
from pilot.networks.registry import build as build
