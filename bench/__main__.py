"""Runs the benchmarks: `python -m bench [setup | migrate | counts | rls | up | all]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

_EVERY = ("migrate", "counts", "rls", "up")
_WORDS = ("all", "setup", *_EVERY)


def main(arguments: Sequence[str]) -> int:
    """Run one benchmark with its options, or with `all` (and without a word) every one of them.

    Returns the highest exit code: 0 done, 1 a goal is not met, 2 something could not be taken.
    """
    first = arguments[0] if arguments else "all"
    word, options = ("all", arguments) if first.startswith("-") else (first, arguments[1:])
    if word in ("-h", "--help") or first in ("-h", "--help") or word not in _WORDS:
        print(__doc__)
        return 0 if first in ("-h", "--help") else 2
    if word == "setup":
        return importlib.import_module("bench.setup").main()
    if word != "all":
        return importlib.import_module(f"bench.{word}").main(options)
    importlib.import_module("bench.setup").main()
    return max(importlib.import_module(f"bench.{name}").main(options) for name in _EVERY)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
