"""Where the bundled program starts."""

from __future__ import annotations

import multiprocessing
import sys

if __name__ == "__main__":
    # A child process of the frozen program starts here too and must not open another window.
    multiprocessing.freeze_support()
    from app.cli import main

    sys.exit(main())
