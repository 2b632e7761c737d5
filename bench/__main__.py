"""Runs the benchmarks: `python -m bench [setup | migrate | counts | rls | up | all]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from bench import setup

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
        return setup.main()
    if word != "all":
        return _run(word, options)
    setup.main()
    return max(_run(name, options) for name in _EVERY)


def _run(name: str, options: Sequence[str]) -> int:
    # imported when its turn comes: some need more of the project than others
    return int(importlib.import_module(f"bench.{name}").main(options))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
