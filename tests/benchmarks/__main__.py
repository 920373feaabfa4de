"""All benchmarks, one after the other: ``python -m tests.benchmarks``."""

from __future__ import annotations

import importlib
import sys

NAMES = ("engine", "startup", "painting")


def main() -> int:
    """Run each; 1 if any missed what is asked of it."""
    missed = []
    for name in sys.argv[1:] or NAMES:
        print(f"== {name} ==", flush=True)
        if importlib.import_module(f"tests.benchmarks.{name}").main():
            missed.append(name)
        print(flush=True)
    print(
        f"Below what is asked: {', '.join(missed)}"
        if missed
        else "Everything is as fast as is asked."
    )
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
