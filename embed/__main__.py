"""The command line: ``python -m embed COMMAND``; ``--help`` lists the commands."""

from __future__ import annotations

import sys

from embed.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
