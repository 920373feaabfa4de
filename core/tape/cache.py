"""Where compiled kernels are kept. Imported before Numba everywhere: Numba reads its folder when it loads."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path


def kernel_hash() -> str:
    """A hash of every source file that is compiled, with the versions it is compiled by.

    Numba does not notice an edit in a file that a kernel imports; a new folder does.
    """
    import numpy as np

    from core.tape.versions import numba_version

    digest = hashlib.sha256()
    folder = Path(__file__).resolve().parent.parent / "kernels"
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    digest.update(f"{sys.version_info[:2]} {np.__version__} {numba_version()}".encode())
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
    The folder.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return Path(given)
    folder = cache_home() / "kernels" / kernel_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        # A read-only home: compile anew each time rather than not at all.
        import tempfile

        folder = Path(tempfile.gettempdir()) / f"chainrule-kernels-{kernel_hash()}"
        folder.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder
