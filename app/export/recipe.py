"""What an export shows and how, as a value that can be saved and repeated."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from app.export.formats import ExportUsageError, Format
from app.text import tr

#: Version of the recipe's format.
VERSION = 1

SIZES: tuple[tuple[int, int], ...] = (
    (3840, 2160),
    (1920, 1080),
    (1280, 720),
    (854, 480),
    (640, 360),
    (1080, 1080),
)

RATES: tuple[int, ...] = (15, 24, 30, 60)

_LEAST, _MOST = 64, 7680
_MOST_FRAMES = 36_000


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """An export in words.

    Attributes
    ----------
    scene
        Name in `app.scenes.registry`.
    format
        Id in `app.export.formats`.
    width, height
        Pixels.
    fps
        Frames a second.
    theme
        ``"dark"`` or ``"light"``.
    first, last
        Range of steps. `last` None: as far as the run has come, or a first part of a run not begun.
    seconds
        Length of the film. None: one frame a step where that gives 4 to 20 seconds.
    caption
        Title in the picture.
    toggles
        Switches of the scene by name, e.g. ``{"curves": False}``.
    sample
        Held-out sample whose activations are shown.
    """

    scene: str = "training"
    format: str = "mp4"
    width: int = 1280
    height: int = 720
    fps: int = 30
    theme: Literal["dark", "light"] = "dark"
    first: int = 0
    last: int | None = None
    seconds: float | None = None
    caption: str = ""
    toggles: dict[str, Any] = {}
    sample: int | None = None
    version: int = VERSION


def check(recipe: Recipe, fmt: Format) -> Recipe:
    """Return the recipe with what the format needs, such as even sizes.

    Raises
    ------
    ExportUsageError
        When a number makes no sense, with what to use instead.
    """
    for label, value in ((tr("width"), recipe.width), (tr("height"), recipe.height)):
        if not _LEAST <= value <= _MOST:
            raise ExportUsageError(
                tr(
                    "The {label} must be between {least} and {most} pixels; it is {value}.",
                    label=label,
                    least=_LEAST,
                    most=_MOST,
                    value=value,
                )
            )
    if not 1 <= recipe.fps <= 120:
        raise ExportUsageError(
            tr("The frame rate must be between 1 and 120; it is {fps}.", fps=recipe.fps)
        )
    if recipe.seconds is not None and not 0 < recipe.seconds <= _MOST_FRAMES / recipe.fps:
        raise ExportUsageError(
            tr(
                "The film must be longer than nothing and at most {most:g} seconds at {fps} frames "
                "a second; it is {seconds:g}.",
                most=_MOST_FRAMES / recipe.fps,
                fps=recipe.fps,
                seconds=recipe.seconds,
            )
        )
    if recipe.first < 0 or (recipe.last is not None and recipe.last < recipe.first):
        raise ExportUsageError(
            tr(
                "The range of steps must go upwards from 0; it is {first} to {last}.",
                first=recipe.first,
                last=recipe.last,
            )
        )
    if fmt.even:
        recipe = msgspec.structs.replace(
            recipe, width=recipe.width + recipe.width % 2, height=recipe.height + recipe.height % 2
        )
    return msgspec.structs.replace(recipe, format=fmt.id)


def parse_size(text: str) -> tuple[int, int]:
    """Read ``1280x720`` or ``1280×720``.

    Raises
    ------
    ExportUsageError
        When it is something else.
    """
    width, _, height = text.lower().replace("×", "x").partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ExportUsageError(
            tr("A size is written as 1280x720, in pixels; this is {given}.", given=repr(text))
        )
    return int(width), int(height)


def parse_number(text: str) -> tuple[str, tuple[int, ...]]:
    """Read ``dense_1/kernel[1,2]``, counted from 1 as in the window, as tensor and index counted from 0.

    Raises
    ------
    ExportUsageError
        When it is something else.
    """
    found = re.fullmatch(r"\s*([^\[\]\s]+)\s*(?:\[([\d,\s]*)\])?\s*", text)
    parts = [part.strip() for part in (found[2] or "").split(",")] if found else []
    parts = [] if parts == [""] else parts
    if found is None or not all(part.isdecimal() and int(part) >= 1 for part in parts):
        raise ExportUsageError(
            tr("A number is written as dense_1/kernel[1,2], counted from 1; this is {given}.", given=repr(text))
        )  # fmt: skip
    return found[1], tuple(int(part) - 1 for part in parts)


def frames_of(recipe: Recipe, steps: int) -> int:
    """Return how many frames a film of that many steps has."""
    if recipe.seconds is not None:
        return max(1, round(recipe.seconds * recipe.fps))
    # One frame a step, but neither a blink nor a feature film.
    return max(4 * recipe.fps, min(steps + 1, 20 * recipe.fps))
