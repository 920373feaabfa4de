"""Pictures of Look inside as files: what is seen with a caption as PNG or SVG, and its numbers as CSV or for NumPy."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QPoint, QRectF, QSize, Signal
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtWidgets import QAbstractButton, QScrollArea, QWidget

from app import theme
from app.bus import CommandError
from app.export.encoder import partial_name, real_path, remove
from app.export.painting import png_of
from app.scenes import draw
from app.scenes.spec_view import numbered_titles
from app.text import tr
from app.widgets.painted import Painted
from core.io.errors import explain_os_error
from core.io.files import replace

if TYPE_CHECKING:
    from app.inside.session import InsideSession
    from app.spot import Spot

#: Endings of files by what is in them.
PICTURES, NUMBERS = (".png", ".svg"), (".csv", ".npy", ".npz")
#: Room around a picture, and heights of its title and of a line of its caption.
_MARGIN, _TITLE, _LINE = 16.0, 28.0, 18.0
#: A PNG has at least so many pixels along its longer side, and at most so many a pixel of the screen.
_SHARP, _MOST_ZOOM = 1600, 8


@dataclass(frozen=True)
class Saved:
    """A picture that can be saved.

    Attributes
    ----------
    name
        How commands call it: the widget's object name, or the panel's id for all of a panel.
    title
        What it is called.
    place
        Where it stands: one of `app.inside.panels.PLACES`.
    widget
        What paints it.
    numbers
        What is shown, by name; empty where there are none.
    """

    name: str
    title: str
    place: str
    widget: QWidget
    numbers: Mapping[str, np.ndarray]


def is_picture(widget: QWidget) -> bool:
    """Whether a widget of Look inside is a picture: it paints itself, and is no mere button."""
    shows = hasattr(widget, "values") or hasattr(widget, "numbers")
    if isinstance(widget, QAbstractButton) and not shows:
        return False
    kinds = (kind for kind in type(widget).__mro__ if kind.__module__.startswith("app.inside"))
    own = isinstance(widget, Painted) or any("paintEvent" in vars(kind) for kind in kinds)
    return own and bool(widget.objectName())


def numbers_of(widget: QWidget) -> dict[str, np.ndarray]:
    """What a picture shows: its ``numbers()``, or its ``values``."""
    of_all = getattr(widget, "numbers", None)
    if callable(of_all):
        return dict(of_all())
    values = getattr(widget, "values", None)
    if callable(values):
        values = values()
    return {widget.objectName(): values} if isinstance(values, np.ndarray) and values.size else {}


def pictures(spots: Mapping[str, Spot]) -> dict[str, Saved]:
    """All pictures that are seen, by name: of every place the whole panel, and what is in it."""
    found: dict[str, Saved] = {}
    for place, spot in spots.items():
        panel = spot.panel
        if panel is None or not spot.isVisible():
            continue
        widget = spot.shown[panel.id]
        inner = [widget, *widget.findChildren(QWidget)]
        drawn = [one for one in inner if is_picture(one) and one.isVisible()]
        each = {
            one.objectName(): Saved(
                one.objectName(), one.accessibleName() or panel.title, place, one, numbers_of(one)
            )
            for one in drawn
        }
        numbers = {name: array for one in each.values() for name, array in one.numbers.items()}
        whole = next(iter(each.values())).widget if len(each) == 1 else _whole(widget)
        found[panel.id] = Saved(panel.id, panel.title, place, whole, numbers)
        found |= each
    return found


def _whole(panel: QWidget) -> QWidget:
    """What there is to see of a panel, also what is scrolled out of sight."""
    areas = [area for area in panel.findChildren(QScrollArea) if area.isVisible()]
    inner = areas[0].widget() if len(areas) == 1 else None
    return inner if inner is not None else panel


def caption(session: InsideSession, picture: Saved) -> tuple[str, ...]:
    """What the picture is of: network, layer, input, step; or what its widget's ``caption_words()`` say instead."""
    own = getattr(picture.widget, "caption_words", None)
    if callable(own) and (said := own()):
        return tuple(said)
    document, look = session.context.document, session.look
    parts = [document.name]
    if picture.place in ("rows", "below") and session.layer:
        title = numbered_titles(session.network).get(session.layer, session.layer)
        parts.append(tr("{layer}, channel {number}", layer=title, number=session.channel + 1))
    if picture.place == "right" and session.class_index is not None:
        parts.append(tr("class {name}", name=session.classes[session.class_index]))
    if session.input is not None:
        parts.append(session.input.words)
    if look is not None:
        parts.append(tr("step {step}", step=f"{look.position.step:,}"))
    return tuple(parts)


class Sheet:
    """A picture under its title, over its caption.

    Parameters
    ----------
    picture
        What is saved.
    words
        Parts of the caption; they are broken into lines where the picture is narrow.
    """

    def __init__(self, picture: Saved, words: tuple[str, ...]) -> None:
        self._picture = picture
        self._inner = picture.widget.size()
        width = max(float(self._inner.width()), 200.0)
        self._lines = _broken(words, width)
        self.size = (
            width + 2 * _MARGIN,
            _MARGIN + _TITLE + self._inner.height() + 8 + _LINE * len(self._lines) + _MARGIN,
        )

    def paint(self, painter: QPainter) -> None:
        """Draw it; text and lines stay what they are on a painter of vectors."""
        colors, (width, height) = theme.current(), self.size
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(0, 0, width, height), colors.bg0)
        room = width - 2 * _MARGIN
        title = draw.elide(self._picture.title, 14, room, 600)
        draw.text(painter, _MARGIN, _MARGIN + 14, title, 14, colors.tx, weight=600)
        painter.save()
        painter.translate(_MARGIN, _MARGIN + _TITLE)
        flags = QWidget.RenderFlag.DrawChildren
        self._picture.widget.render(painter, QPoint(), QRegion(), flags)
        painter.restore()
        y = _MARGIN + _TITLE + self._inner.height() + 8 + 13
        for line in self._lines:
            draw.text(painter, _MARGIN, y, draw.elide(line, 11.5, room), 11.5, colors.tx2)
            y += _LINE

    def image(self) -> QImage:
        """Paint it with enough pixels for print."""
        width, height = self.size
        zoom = min(_MOST_ZOOM, max(2, ceil(_SHARP / max(width, height))))
        image = QImage(
            round(width * zoom), round(height * zoom), QImage.Format.Format_ARGB32_Premultiplied
        )
        image.setDevicePixelRatio(zoom)
        painter = QPainter(image)
        try:
            self.paint(painter)
        finally:
            painter.end()
        return image

    def svg(self) -> bytes:
        """Paint it as vectors; images of numbers are embedded."""
        from PySide6.QtSvg import QSvgGenerator

        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(QSize(*(round(side) for side in self.size)))
        generator.setViewBox(QRectF(0, 0, *self.size))
        generator.setTitle(self._picture.title)
        generator.setDescription(" · ".join(self._lines))
        painter = QPainter(generator)
        try:
            self.paint(painter)
        finally:
            painter.end()
        buffer.close()
        return bytes(data.data())


def _broken(words: tuple[str, ...], width: float) -> tuple[str, ...]:
    """Parts joined to lines that fit."""
    lines: list[str] = []
    for word in words:
        joined = f"{lines[-1]} · {word}" if lines else word
        if lines and draw.advance(joined, 11.5) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return tuple(lines)


def table(numbers: Mapping[str, np.ndarray]) -> bytes:
    """Numbers as comma-separated text: a single table as it is, otherwise a line a number with its place."""
    text = io.StringIO()
    if len(numbers) == 1 and (only := next(iter(numbers.values()))).ndim <= 2:
        np.savetxt(text, np.atleast_2d(only), fmt="%.9g", delimiter=",")
        return text.getvalue().encode()
    axes = max((array.ndim for array in numbers.values()), default=0)
    text.write(",".join(["array", *(f"axis_{k}" for k in range(axes)), "value"]) + "\n")
    for name, array in numbers.items():
        for index, value in np.ndenumerate(array):
            places = [*map(str, index), *[""] * (axes - array.ndim)]
            text.write(",".join([name, *places, f"{float(value):.9g}"]) + "\n")
    return text.getvalue().encode()


def packed(numbers: Mapping[str, np.ndarray], suffix: str) -> bytes:
    """Numbers as NumPy reads them: one array, or several by name."""
    data = io.BytesIO()
    if suffix == ".npy":
        np.save(data, next(iter(numbers.values())), allow_pickle=False)
    else:
        # A slash would be a folder of the archive, a colon no name of a file everywhere.
        named = {name.replace("/", ".").replace(":", "."): array for name, array in numbers.items()}
        np.savez_compressed(data, **named)  # type: ignore[arg-type]
    return data.getvalue()


class Saver(QObject):
    """Writes files on threads of their own.

    Signals
    -------
    finished(path, problem)
        The file is there, or a sentence why it is not.
    """

    finished = Signal(str, str)

    def save(self, picture: Saved, words: tuple[str, ...], path: Path) -> None:
        """Paint now and write beside the interface; `finished` tells the end.

        Raises
        ------
        CommandError
            What is asked for cannot be written there.
        """
        suffix = path.suffix.lower()
        if suffix not in PICTURES + NUMBERS:
            known = ", ".join(PICTURES + NUMBERS)
            raise CommandError(
                tr("A picture is saved as {known}; {name} is none of them.", known=known, name=path.name)
            )  # fmt: skip
        if not path.absolute().parent.is_dir():
            raise CommandError(tr("There is no folder {path}.", path=path.parent))
        self._write(_made(picture, words, suffix), path)

    def _write(self, made: Callable[[], bytes], path: Path) -> None:
        def run() -> None:
            problem, partial = "", partial_name(path)
            try:
                partial.write_bytes(made())
                replace(partial, real_path(path))
            except OSError as error:
                problem = explain_os_error(error, path, "save")
            finally:
                remove(partial)
            self.finished.emit(str(path), problem)

        threading.Thread(target=run, name="inside-save").start()


def _made(picture: Saved, words: tuple[str, ...], suffix: str) -> Callable[[], bytes]:
    """What makes the file's bytes, on any thread."""
    if suffix in PICTURES:
        sheet = Sheet(picture, words)
        if suffix == ".svg":
            vectors = sheet.svg()
            return lambda: vectors
        image = sheet.image()
        return lambda: png_of(image)
    numbers: dict[str, Any] = dict(picture.numbers)
    if not numbers:
        raise CommandError(tr("{title} shows no numbers to save yet.", title=picture.title))
    if suffix == ".npy" and len(numbers) > 1:
        raise CommandError(
            tr("{title} shows {count} arrays: save them as .npz or .csv.", title=picture.title,
               count=len(numbers))
        )  # fmt: skip
    if suffix == ".csv":
        return lambda: table(numbers)
    return lambda: packed(numbers, suffix)
