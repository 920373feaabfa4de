"""Where compiled kernels are kept. Imported before Numba everywhere: Numba reads its folder when it loads."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path


def kernel_hash() -> str:
    """A hash of every source file that is compiled, with the versions it is compiled by and the path that is forced.

    Numba does not notice an edit in a file that a kernel imports; a new folder does. Processors need no folders of
    their own: Numba's index keeps apart what was compiled for each.
    """
    import numpy as np

    from core.tape.versions import numba_version

    digest = hashlib.sha256()
    folder = Path(__file__).resolve().parent.parent / "kernels"
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    digest.update(f"{sys.version_info[:2]} {np.__version__} {numba_version()}".encode())
    digest.update(os.environ.get("CHAINRULE_PROCESSOR", "").encode())
    return digest.hexdigest()[:16]


def cache_home() -> Path:
    """The program's cache folder: ``CHAINRULE_HOME/cache`` if that is set, else the system's place for caches."""
    home = os.environ.get("CHAINRULE_HOME")
    if home:
        return Path(home) / "cache"
    from platformdirs import user_cache_path

    return user_cache_path("chainrule", appauthor=False)


def prepare() -> Path:
    """Point Numba at the folder that belongs to these sources; an explicit ``NUMBA_CACHE_DIR`` is respected.

    Returns
    -------
    The folder. If neither it nor one beside temporary files can be written, nothing is kept (`core.kernels.kept`
    says so).
    """
    # Tells Numba what to compile for, if that is forced.
    import core.kernels  # noqa: F401

    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return Path(given)
    name = kernel_hash()
    folder = cache_home() / "kernels" / name
    if not can_write(folder):
        # A read-only home: what is kept until the next start of the machine saves most of the waiting.
        # Numba unpickles what it finds: nobody else may have put it there.
        instead = Path(tempfile.gettempdir()) / f"chainrule-kernels-{name}-{_user()}"
        folder = instead if can_write(instead) and is_ours_alone(instead) else folder
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


def can_write(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if need be."""
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def is_ours_alone(folder: Path) -> bool:
    """Whether a folder belongs to this user and nobody else may write to it (Windows gives each user a place)."""
    if sys.platform == "win32":
        return True
    found = folder.lstat()
    own = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)
    return own and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _user() -> str:
    return "" if sys.platform == "win32" else str(os.getuid())
