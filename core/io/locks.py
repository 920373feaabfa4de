"""A file that is locked as long as its process lives, on every system."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class LockedFile:
    """Hold a lock that the system releases by itself when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = path.open("a+b")
        _lock(self._file)

    def close(self) -> None:
        """Release the lock and remove the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    @staticmethod
    def held(path: Path) -> bool:
        """Tell whether a living process holds the lock of that file."""
        try:
            with path.open("r+b") as file:
                return not _lock(file)
        except FileNotFoundError:
            return False
        except OSError:
            # Windows refuses to open what another process has locked.
            return True
