"""``python -m tests.fuzz --minutes 5``: fuzzes every decoder in turn; failures go to the corpus."""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time

from tests.fuzz.decoders import DECODERS
from tests.fuzz.fuzzing import damaged, keep, survives


def main(arguments: list[str]) -> int:
    """Fuzz until the time is over; 1 if a decoder did not survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for all decoders together")
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="of the random changes")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    failed = 0
    print(f"seed {options.seed}")
    print(f"{'decoder':<16}{'inputs':>10}{'failures':>10}")
    for decoder in DECODERS:
        chance = random.Random(f"{options.seed} {decoder.name}")
        seeds, found, runs = decoder.seeds(), {}, 0
        until = time.monotonic() + options.minutes * 60 / len(DECODERS)
        while time.monotonic() < until:
            raw = damaged(chance.choice(seeds), seeds, chance)
            runs += 1
            error = survives(decoder, raw)
            if error is not None and repr(type(error)) not in found:
                found[repr(type(error))] = keep(decoder, raw)
        print(f"{decoder.name:<16}{runs:>10}{len(found):>10}", flush=True)
        for kind, path in found.items():
            print(f"  {kind} by {path}")
        failed += len(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
