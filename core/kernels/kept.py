"""Compiled code kept on disk, such that no state of that disk keeps the engine from working.

Numba writes an index and a data file a function, and reads them back as they are. Here each ends with a digest of the
rest: a file that was cut short, or in which a bit has changed, counts as absent (machine code is not a thing to try).
What cannot be written is compiled anew each time, and said once. Several programs may fill a folder at once, and on
several machines if it is a shared home: a file is named by what is compiled in it, so that none stands for another's.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba import njit

# Private to Numba: the minor release is pinned in pyproject.toml, and tests/core/kernels/test_kept.py guards it.
from numba.core.caching import IndexDataCacheFile

_SAID: list[str] = []


def intact(path: str) -> bool:
    """Whether a file ends with the digest of what stands before."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return False
    digest = hashlib.sha256(data[:-32]).digest()
    return data[-32:] == digest


def _say(reason: object) -> None:
    if not _SAID:
        _SAID.append(str(reason))
        warnings.warn(
            f"Compiled kernels cannot be kept ({reason}): they are compiled anew at every start, which takes a while. "
            "Make the folder writable (chainrule doctor names it), or set CHAINRULE_HOME to one that is.",
            RuntimeWarning,
            stacklevel=4,
        )


class SealedFiles(IndexDataCacheFile):  # type: ignore[misc]
    """Numba's index and data files of one function, with digests."""

    def save(self, key: Any, data: Any) -> None:
        """Add an entry, unless the disk is full or the folder is not to be written.

        Numba counts data files. Two programs that have just read the same index then give one name to what they
        compiled for different types or processors. Here the name follows from the key (types, processor, source).
        """
        number = int(hashlib.sha256(repr(key).encode()).hexdigest()[:12], 16)
        name = self._data_name(number)
        try:
            self._save_data(name, data)
            entries = self._load_index()
            if entries.get(key) != name:
                self._save_index({**entries, key: name})
        except OSError as error:
            # Windows does not let go of a file that another program is just reading: what is in it is the same, or is
            # added at the next start.
            if os.name != "nt" or not isinstance(error, PermissionError):
                _say(error)

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        with super()._open_for_write(filepath) as file:
            whole = io.BytesIO()
            yield whole
            data = whole.getvalue()
            # What is read back ends where it says; nothing looks at what follows.
            file.write(data + hashlib.sha256(data).digest())

    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if intact(self._index_path) else {}

    def _load_data(self, name: str) -> Any:
        path = self._data_path(name)
        if not intact(path):
            # Numba takes a file that is not there for code that is not compiled yet.
            raise FileNotFoundError(path)
        return super()._load_data(name)


def kept(function: Any) -> Any:
    """Compile a function without the interpreter's lock, and keep its code."""
    try:
        dispatcher = njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError as error:  # no folder that can be written
        _say(error)
        return njit(nogil=True, error_model="numpy")(function)
    cache = dispatcher._cache
    cache._cache_file = SealedFiles(
        cache.cache_path, cache._impl.filename_base, cache._cache_file._source_stamp
    )
    return dispatcher
