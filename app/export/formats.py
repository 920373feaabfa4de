"""The kinds of files that can be exported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.text import tr


class ExportError(ValueError):
    """An export that cannot be made; the text is a sentence for the learner."""


class ExportUsageError(ExportError):
    """What was asked for is impossible: an unknown name, a wrong number."""


@dataclass(frozen=True)
class Format:
    """One card of the export dialog.

    Attributes
    ----------
    id
        Name on the command line.
    suffix
        Ending of the file; empty for a folder of pictures.
    title, subtitle
        Text of the card.
    kind
        ``"film"``, ``"frames"`` (a folder) or ``"still"``.
    even
        Video codecs store colour at half resolution, so width and height must be even.
    """

    id: str
    suffix: str
    title: str
    subtitle: str
    kind: Literal["film", "frames", "still"]
    even: bool = False


FORMATS: tuple[Format, ...] = (
    Format("mp4", ".mp4", "MP4", tr("H.264, small"), "film", even=True),
    Format("gif", ".gif", "GIF", tr("256 colours"), "film"),
    Format("webm", ".webm", "WebM", tr("VP9, for the web"), "film", even=True),
    Format("apng", ".apng", "APNG", tr("lossless loop"), "film"),
    Format("webp", ".webp", "WebP", tr("animated"), "film"),
    Format("frames", "", tr("PNG frames"), tr("one file a frame"), "frames"),
    Format("png", ".png", tr("PNG still"), tr("last frame"), "still"),
    Format("svg", ".svg", tr("SVG still"), tr("last frame"), "still"),
)


def by_id(name: str) -> Format:
    """Return the format of that name.

    Raises
    ------
    ExportUsageError
        When there is none.
    """
    for item in FORMATS:
        if item.id == name:
            return item
    known = ", ".join(item.id for item in FORMATS)
    raise ExportUsageError(
        tr("There is no format {name}. Formats are {known}.", name=repr(name), known=known)
    )


def of_path(path: Path) -> Format:
    """Return the format a file name asks for.

    Raises
    ------
    ExportUsageError
        When the ending is none of ours.
    """
    suffix = path.suffix.lower()
    for item in FORMATS:
        if item.suffix == suffix:
            return item
    known = ", ".join(item.suffix for item in FORMATS if item.suffix)
    raise ExportUsageError(
        tr(
            "{name} ends in {suffix}, which is no format of ours. Use one of {known}, "
            "or a name without an ending for a folder of PNG frames.",
            name=path.name,
            suffix=suffix,
            known=known,
        )
    )
