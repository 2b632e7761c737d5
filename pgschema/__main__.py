"""`python -m pgschema` and the console script."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line of this process and exit with its code."""
    from pgschema.cli.entry import run

    for stream in (sys.stdout, sys.stderr):
        # Norwegian names on a terminal of another alphabet: question marks, not a crash.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
