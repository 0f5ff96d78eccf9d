"""What was seen, and what it was worth."""

from pilot.rollout.buffer import Batch as Batch
from pilot.rollout.buffer import RolloutBuffer as RolloutBuffer
