"""The scene of the convolution playground: the window slides over a photograph, and the result fills.

A frame's toggles hold ``"result"`` and ``"asked"`` (`app.engine.questions.playground.Result` and the `Settings` it was
asked with), ``"title"`` and ``"share"``. A recipe's toggles name the ``"picture"`` (a shipped photograph, ``"input"``
or the path of a file), the ``"preset"`` and whatever `Settings` has, such as ``"stride"`` or ``"kernel"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.scenes import draw, explained, playground, registry
from app.scenes.hits import HitIndex
from app.scenes.playground_board import Board, given_picture, made_picture
from app.scenes.playground_settings import CHOICES, NUMBERS, SWITCHES, WHOLE, Settings
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame, ViewState
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView, Probe
    from app.theme import Theme

#: A film shows the window sliding along so many rows at most; what is between them is there at once.
_ROWS = 20


@dataclass(frozen=True)
class FilmLayout:
    """How large it is; where things stand depends on the picture."""

    size: tuple[float, float]
    head: float
    hits: HitIndex
    key: tuple[object, ...]


def place_at(share: float, rows: int, columns: int) -> tuple[int, int]:
    """Row and column of the window at a share of the film."""
    bands = min(rows, _ROWS)
    at = min(max(share, 0.0), 1.0) * bands
    band = min(bands - 1, int(at))
    if share >= 1:
        return rows - 1, columns - 1
    return band * rows // bands, min(columns - 1, int((at - band) * columns))


def settings_of(toggles: Mapping[str, Any]) -> Settings:
    """What a recipe sets.

    Raises
    ------
    core.errors.ChainruleError
        Something there makes no sense.
    """
    found = Settings()
    if "operation" in toggles:
        found = found.with_value("operation", toggles["operation"])
    if "preset" in toggles:
        found = found.with_preset(str(toggles["preset"]))
    if "kernel" in toggles:
        rows = toggles["kernel"]
        if not isinstance(rows, list | tuple) or not all(isinstance(r, list | tuple) for r in rows):
            raise ChainruleError(tr("A kernel is a list of rows of numbers."))
        found = found.with_kernel([list(row) for row in rows])
    # The window of a pooling takes the stride along, so the stride comes behind it.
    first = ("operation", "pool", "stride")
    rest = (name for name in (*CHOICES, *WHOLE, *SWITCHES, *NUMBERS) if name not in first)
    for name in ("size", "pool", "stride", *rest):
        if name in toggles:
            found = found.with_value(name, toggles[name])
    return found


class PlaygroundScene:
    """See the module's text."""

    name = "convolution-playground"
    film_title = tr("Convolution playground")
    films = "process"
    seconds = 12.0

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> FilmLayout:
        """Leave room for a caption."""
        return _layout(size, view)

    def probes(self, spec: NetworkView, layout: Any, frame: Frame) -> tuple[Probe, ...]:
        """Name nothing: the result is asked for."""
        return ()

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Read the picture and filter it."""
        settings = settings_of(subject.toggles)
        picture = str(subject.toggles.get("picture", "camera"))
        pixels, title = subject.x, tr("the network's input")
        if picture == "own":
            raise ChainruleError(
                tr("A photograph that was pasted is in no file, so it cannot be filmed. Save it, and open the file.")
            )  # fmt: skip
        if picture != "input":
            # Reading photographs is the window's, and with it the decoders: only who films one needs them.
            from app.inside.photos import examples
            from app.inside.playground import pictures

            name = picture if picture in examples() else ""
            read = pictures.of_example(name) if name else pictures.of_file(Path(picture))
            pixels, title = read.pixels, name or Path(picture).name
        elif pixels.ndim != 3 or pixels.shape[-1] not in (1, 3, 4):
            raise ChainruleError(tr("The network's input is no picture. Choose a photograph."))
        result = subject.source.ask("inside_playground", pixels=pixels, **settings.asked())
        return {"result": result, "asked": settings, "title": title}

    def paint(self, painter: QPainter, layout: FilmLayout, theme: Theme, frame: Frame) -> None:
        """Draw the window at a place."""
        draw.prepare(painter, layout.size)
        toggles = frame.toggles
        result, settings = toggles.get("result"), toggles.get("asked")
        title = str(toggles.get("title", ""))
        words = tr("Convolution playground · {title}", title=title)
        explained.caption(painter, layout, theme, frame.caption, words)
        if result is None or settings is None:
            return
        share = float(toggles.get("share", 1.0))
        rows, columns, channels = result.filtered.values.shape
        board = Board(
            result, settings, place_at(share, rows, columns), min(settings.channel, channels - 1), share < 1,
            given_picture(theme, result), made_picture(theme, result, settings.display),
        )  # fmt: skip
        painter.save()
        painter.translate(0, layout.head)
        size = (layout.size[0], layout.size[1] - layout.head)
        high, wide = result.image.shape[:2]
        playground.paint(painter, board.at(size), theme, board, f"{wide}×{high}")
        painter.restore()

    def describe(self, layout: FilmLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()


@lru_cache(maxsize=8)
def _layout(size: tuple[float, float], view: ViewState) -> FilmLayout:
    head = explained.HEAD if view.option("head", True) else 0.0
    return FilmLayout(size, head, HitIndex(), (PlaygroundScene.name, size, view))


SCENE = registry.register(PlaygroundScene())
