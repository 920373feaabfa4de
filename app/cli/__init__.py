"""The command line: ``chainrule``."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 well, 1 failed, 2 used wrongly.

    Parameters
    ----------
    argv
        Arguments without the program's name; by default those of the process.
    """
    from app.cli.run import run

    return run(list(sys.argv[1:] if argv is None else argv))
