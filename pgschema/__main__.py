"""`python -m pgschema` and the console script."""

from __future__ import annotations

import gc
import signal
import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line of this process and exit with its code."""
    gc.set_threshold(100_000)  # imports make many objects and hardly any garbage
    try:
        from pgschema.cli.entry import run, terminate
    except KeyboardInterrupt:  # before anything was begun
        sys.exit(130)

    # As process 1 of a container it would not hear SIGTERM without a handler.
    signal.signal(signal.SIGTERM, terminate)
    for stream in (sys.stdout, sys.stderr):
        # Norwegian names on a terminal of another alphabet: question marks, not a crash.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = run(sys.argv[1:])
    gc.freeze()  # no last search for garbage: the process ends
    sys.exit(code)


if __name__ == "__main__":
    main()
