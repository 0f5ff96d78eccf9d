"""Train a policy: `python launch.py --updates 20 --set width=64`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from pilot.config import Config
from pilot.networks.registry import names
from pilot.training.trainer import Trainer

log = logging.getLogger("pilot")


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=10, help="how often to collect and learn")
    parser.add_argument("--network", choices=names(), default="residual")
    parser.add_argument("--backend", default="inductor", help="what torch.compile hands its graphs to")
    parser.add_argument("--no-compile", action="store_true", help="run everything eagerly")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change the configuration")
    parser.add_argument("--output", type=Path, help="where to save the policy")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> list[float]:
    """Run one training, and give the mean reward of each update."""
    options = arguments(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = Config.from_words(options.set, network=options.network, backend=options.backend)
    torch.manual_seed(config.seed)
    trainer = Trainer(config)
    if not options.no_compile:
        # near miss: TFG502, because this is a method of the bundle, which keeps what torch.compile returns
        trainer.policy.compile()
    rewards = trainer.fit(options.updates)
    if options.output is not None:
        trainer.policy.save(options.output)
    log.info("last mean reward %.3f", rewards[-1])
    return rewards


if __name__ == "__main__":
    main()
