"""Small values remembered between starts, and the folders they live in."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import platformdirs

log = logging.getLogger("chainrule.settings")


def home() -> Path:
    """Return the folder for settings, autosaves and logs; ``CHAINRULE_HOME`` overrides it."""
    override = os.environ.get("CHAINRULE_HOME")
    if override:
        return Path(override)
    return Path(platformdirs.user_data_dir("chainrule", appauthor=False))


class Settings:
    """A dictionary of JSON values kept in one file.

    Reading never fails: a missing or damaged file means defaults. Writing replaces the file as a
    whole, so a crash leaves the old one.

    Parameters
    ----------
    path : Path, optional
        The file; by default ``settings.json`` in :func:`home`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or home() / "settings.json"
        self._values: dict[str, Any] = {}
        with contextlib.suppress(FileNotFoundError):
            try:
                raw = json.loads(self.path.read_text(encoding="utf-8"))
                self._values = raw if isinstance(raw, dict) else {}
            except (ValueError, OSError) as error:
                if isinstance(error, FileNotFoundError):
                    raise
                log.warning("the settings could not be read: %s", error)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or ``default`` if it was never set."""
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Remember a JSON value and write the file if it changed."""
        if key in self._values and self._values[key] == value:
            return
        self._values[key] = value
        self.save()

    def save(self) -> None:
        """Write the file; a full or read-only disk is logged and otherwise ignored."""
        try:
            write_whole(self.path, json.dumps(self._values, indent=1, sort_keys=True).encode())
        except OSError as error:
            log.warning("the settings could not be written: %s", error)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that at any moment either the old or the new content is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        replace(Path(name), path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def replace(source: Path, target: Path, attempts: int = 5) -> None:
    """Move a file over another, trying again while a scanner holds it open (Windows)."""
    for attempt in range(attempts):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if attempt == attempts - 1:
                raise
            import time

            time.sleep(0.05 * 2**attempt)
