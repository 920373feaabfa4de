"""Where an export goes when nobody has said so."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QStandardPaths

from app.export.formats import FORMATS, Format

#: Bytes of a name that are enough to know it by.
_LONGEST = 80

_SUFFIXES = {item.suffix for item in FORMATS if item.suffix}


def default_target(name: str, fmt: Format, folder: str | None = None) -> Path:
    """Return a free file name in the folder used last, or among the learner's videos."""
    place = Path(folder) if folder and Path(folder).is_dir() else _videos()
    stem = re.sub(r"[^\w]+", "-", name.strip().lower())
    # A name may be longer than a file name: 255 bytes on most systems, fewer where they are encrypted.
    stem = stem.encode()[:_LONGEST].decode(errors="ignore").strip("-") or "chainrule"
    return next_free(with_suffix(place / stem, fmt))


def with_suffix(path: Path, fmt: Format) -> Path:
    """Return the path with the ending of the format, replacing another format's."""
    stem = path.with_suffix("") if path.suffix.lower() in _SUFFIXES else path
    return stem.with_name(stem.name + fmt.suffix) if fmt.suffix else stem


def next_free(path: Path) -> Path:
    """Return the path, or with a number if it is taken: ``film-2.mp4``."""
    if not path.exists():
        return path
    stem = re.sub(r"-\d+$", "", path.stem)
    number = 2
    while (candidate := path.with_name(f"{stem}-{number}{path.suffix}")).exists():
        number += 1
    return candidate


def shown(path: Path) -> str:
    """Return the path as it is shown, the home folder as ``~``."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def pictures_folder() -> Path:
    """Return where the learner keeps pictures."""
    location = QStandardPaths.StandardLocation
    return _first(location.PicturesLocation, location.DocumentsLocation, location.HomeLocation)


def _videos() -> Path:
    location = QStandardPaths.StandardLocation
    return _first(location.MoviesLocation, location.DocumentsLocation, location.HomeLocation)


def _first(*kinds: QStandardPaths.StandardLocation) -> Path:
    """Return the first of these folders that is there."""
    for kind in kinds:
        text = QStandardPaths.writableLocation(kind)
        if text and Path(text).is_dir():
            return Path(text)
    return Path.home()
