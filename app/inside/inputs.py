"""Inputs of the learner's own: what is drawn, a photograph and its crop. The commands, and what they work on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage

from app.bus import CommandError
from app.document import data_info
from app.inside import photos
from app.inside.background import Background
from app.inside.canvas import Canvas
from app.inside.cropping import Crop, cropped
from app.inside.photos import Photo
from app.inside.resampling import centred
from app.snapshots import read_only
from app.step.sample_picture import INKS
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

    from app.inside.session import Input, InsideSession

#: Data sets whose pictures are centred by their mass, so that what is drawn has to be.
CENTRED = ("digits",)
#: Widths of the brush, as shares of the picture's side.
_THINNEST, _THICKEST, _USUAL = 0.03, 0.3, 0.085
#: What is drawn is shown to the network so often, in milliseconds.
_LIVE = 16

Size = Annotated[float, msgspec.Meta(gt=0, le=4096)]
Points = Annotated[list[list[float]], msgspec.Meta(min_length=1, max_length=100_000)]


class Inputs(QObject):
    """What is painted and which photograph is open. Interface thread; files are read on another.

    Attributes
    ----------
    canvas
        What is painted on, or None while nothing was.
    photo
        The photograph that was opened last, or None.
    crop
        The window of it that is looked at.
    reading
        Whether a photograph is being read.
    size, ink, erasing
        The brush: its width in pixels, the name of its ink, and whether it erases.

    Signals
    -------
    changed()
        Any of these.
    """

    changed = Signal()

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session)
        self._session = session
        self.canvas: Canvas | None = None
        self.photo: Photo | None = None
        self.crop: Crop | None = None
        self.reading = False
        self.size, self.ink, self.erasing = 0.0, "white", False
        self._base: Input | None = None
        self._shown: Input | None = None
        self._work = Background(self)
        self._last: tuple[float, float] | None = None
        self._live = QTimer(self)
        self._live.setSingleShot(True)
        self._live.setInterval(_LIVE)
        self._live.timeout.connect(self._show_canvas)
        self._switches = (True, False)
        session.toggles |= {"centred": True, "invert": False, "channel": "", "numbers": "unit"}
        session.input_changed.connect(self._on_input)
        session.chosen.connect(self._on_switch)
        session.network_changed.connect(self._on_network)
        self._on_network()
        self._register()

    # -- what can be done

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the network's pictures.

        Raises
        ------
        CommandError
            It does not look at pictures.
        """
        shape = self._session.input_shape
        if len(shape) != 3:
            raise CommandError(
                tr("This network does not look at pictures: nothing can be drawn or opened for it.")
            )
        return shape[0], shape[1], shape[2]

    @property
    def centres(self) -> bool:
        """Whether what is drawn is centred if the learner wants it: the network knows pictures like that."""
        document = self._session.context.document
        return data_info(document.data).id in CENTRED and self._session.is_image

    @property
    def painting(self) -> bool:
        """Whether what is looked at was painted."""
        return self.canvas is not None and self._session.input is self._shown

    @property
    def is_centred(self) -> bool:
        """Whether what is painted is centred for the network."""
        canvas = self.canvas
        return (
            canvas is not None and canvas.blank and self.centres
            and bool(self._session.toggles["centred"])
        )  # fmt: skip

    def bounds(self) -> tuple[float, float]:
        """The thinnest and the thickest brush."""
        side = float(min(self.shape[:2]))
        return max(0.5, _THINNEST * side), _THICKEST * side

    # -- painting

    def begin(self, erase: bool) -> None:
        """Begin a stroke on what is shown."""
        canvas = self._canvas()
        self._erase, self._last = erase, None
        canvas.begin()

    def go_on(self, row: float, column: float) -> bool:
        """Go on with the stroke to a place, in pixels; False if another input has come meanwhile."""
        canvas = self.canvas
        if canvas is None or not self.painting:
            return False
        here = (row, column)
        ink = self.color(self.ink, self._erase)
        canvas.line(self._last or here, here, self.size, ink)
        self._last = here
        self.changed.emit()
        if not self._live.isActive():
            self._live.start()
        return True

    def take_back(self) -> None:
        """Leave the stroke undone: it is done anew, as a command."""
        if self.canvas is not None:
            self.canvas.undo()

    def color(self, name: str, erase: bool = False) -> tuple[float, ...]:
        """An ink in the network's channels."""
        channels = self.shape[2]
        if erase:
            return (0.0,) * channels
        rgb = INKS[name]
        return rgb[:channels] if channels in (2, 3) else (max(rgb),) * channels

    def _canvas(self) -> Canvas:
        """What is painted on; begins with what is shown."""
        shape = self.shape
        given = self._session.input
        if self.canvas is None or not self.painting:
            if given is None:
                self.canvas = Canvas(np.zeros(shape, np.float32), blank=True)
            else:
                self.canvas = Canvas(np.clip(given.x.reshape(shape), 0, 1))
            self._base = self._shown = given
        return self.canvas

    def _show_canvas(self) -> None:
        """Have the network look at what is painted."""
        from app.inside.session import Input

        self._live.stop()
        canvas, base = self.canvas, self._base
        if canvas is None:
            return
        if not canvas.strokes and base is not None:
            # All strokes are taken back.
            self._shown = base
            self._session.show(base)
            return
        if self.is_centred:
            x, words = centred(canvas.values, self.shape[:2]), tr("drawn, centred like MNIST")
        else:
            x, words = canvas.pixels(), tr("drawn")
        if not canvas.blank and base is not None:
            words = tr("{words}, painted on", words=base.words.removesuffix(tr(", painted on")))
        label = base.label if base is not None and not canvas.blank else None
        self._shown = Input(read_only(np.clip(x, 0, 1)), "drawn", words, label)
        self._session.show(self._shown)

    def _do_stroke(
        self, points: Points, size: Size | None = None, ink: str = "white", erase: bool = False
    ) -> None:
        high, wide, _ = self.shape
        if ink not in INKS:
            raise CommandError(
                tr(
                    "There is no ink {name}; there are {names}.",
                    name=repr(ink),
                    names=", ".join(INKS),
                )
            )
        for one in points:
            if len(one) != 2 or not all(isfinite(v) for v in one):
                raise CommandError(tr("A point of a stroke is its row and its column."))
            if not (-high <= one[0] <= 2 * high and -wide <= one[1] <= 2 * wide):
                raise CommandError(
                    tr(
                        "The picture has {rows} rows and {columns} columns.",
                        rows=high,
                        columns=wide,
                    )
                )
        canvas = self._canvas()
        canvas.begin()
        color = self.color(ink, erase)
        for start, end in zip([points[0], *points], points, strict=False):
            canvas.line(start, end, size or self.size, color)
        self.changed.emit()
        self._show_canvas()

    def _do_clear(self) -> None:
        self._canvas().clear()
        self.changed.emit()
        self._show_canvas()

    def _do_undo(self) -> None:
        if self.canvas is None or not self.painting or not self.canvas.undo():
            raise CommandError(tr("There is no stroke to take back."))
        self.changed.emit()
        self._show_canvas()

    def _do_brush(
        self, size: Size | None = None, ink: str | None = None, erase: bool | None = None
    ) -> None:
        low, high = self.bounds()
        if ink is not None and ink not in INKS:
            raise CommandError(
                tr(
                    "There is no ink {name}; there are {names}.",
                    name=repr(ink),
                    names=", ".join(INKS),
                )
            )
        if size is not None:
            self.size = min(max(size, low), high)
        if ink is not None:
            self.ink = ink
        if erase is not None:
            self.erasing = erase
        self.changed.emit()

    # -- photographs

    def _do_photo(self, path: str) -> None:
        shape = self.shape
        if not Path(path).is_file():
            raise CommandError(tr("There is no file {name}.", name=path))
        self._read(lambda: photos.of_file(Path(path)), shape)

    def _do_example(self, name: str) -> None:
        shape = self.shape
        if name not in photos.examples():
            raise CommandError(
                tr("There is no photograph {name}; there are {names}.", name=repr(name),
                   names=", ".join(photos.examples()))
            )  # fmt: skip
        self._read(lambda: photos.of_example(name), shape)

    def _do_paste(self) -> None:
        _ = self.shape
        clipboard = QGuiApplication.clipboard()
        mime = clipboard.mimeData() if clipboard is not None else None
        if mime is None or not self.take(mime, tr("the clipboard's picture")):
            raise CommandError(
                tr(
                    "There is no picture on the clipboard. Copy one, or a picture's file, and paste again."
                )
            )

    def take(self, mime: QMimeData, name: str) -> bool:
        """Open what was dropped or copied: a file, or a picture; tells whether it is one."""
        shape = self.shape
        for url in mime.urls():
            if url.isLocalFile():
                path = Path(url.toLocalFile())
                self._read(partial(photos.of_file, path), shape)
                return True
        for kind in ("image/png", "image/jpeg", "image/bmp", "image/tiff"):
            if mime.hasFormat(kind):
                content = bytes(mime.data(kind).data())
                self._read(partial(photos.of_bytes, content, name), shape)
                return True
        image = mime.imageData() if mime.hasImage() else None
        if isinstance(image, QImage) and not image.isNull():
            self._read(lambda: _of_image(image, name), shape)
            return True
        return False

    def _read(self, work: Callable[[], Photo], shape: tuple[int, int, int]) -> None:
        """Read a photograph beside the interface, and look at the middle of it."""
        invert = bool(self._session.toggles["invert"])

        def reading() -> tuple[Photo, Crop, np.ndarray]:
            photo = work()
            crop = Crop.middle(photo.pixels.shape, shape)
            return photo, crop, cropped(photo.pixels, crop, shape, invert)

        def done(found: tuple[Photo, Crop, np.ndarray]) -> None:
            self.reading = False
            self.photo = found[0]
            self._show_photo(found[1], found[2])

        self.reading = True
        self._work.ask(reading, done, self._on_failed)
        self.changed.emit()

    def _on_failed(self, error: Exception) -> None:
        self.reading = False
        self.changed.emit()
        if not isinstance(error, ChainruleError):
            raise error
        self._session.context.refused.emit(str(error))

    def _do_crop(
        self, left: float | None = None, top: float | None = None, width: float | None = None,
        fit: str = "",
    ) -> None:  # fmt: skip
        photo, shape = self.photo, self.shape
        if photo is None:
            raise CommandError(tr("There is no photograph to crop. Open one first."))
        if fit not in ("", "square", "whole"):
            raise CommandError(tr("A photograph is fitted “square” or “whole”."))
        standing = self.crop or Crop.middle(photo.pixels.shape, shape)
        if fit:
            make = Crop.middle if fit == "square" else Crop.whole
            crop = make(photo.pixels.shape, shape)
        else:
            given = (left, top, width)
            if any(v is not None and not isfinite(v) for v in given):
                raise CommandError(tr("A crop needs finite numbers."))
            crop = Crop(
                standing.left if left is None else left, standing.top if top is None else top,
                standing.width if width is None else width,
            ).within(photo.pixels.shape, shape)  # fmt: skip
        self._crop_to(crop)

    def _crop_to(self, crop: Crop) -> None:
        photo, shape = self.photo, self.shape
        assert photo is not None
        pixels, invert = photo.pixels, bool(self._session.toggles["invert"])
        self.crop = crop
        self.changed.emit()

        def done(x: np.ndarray) -> None:
            self._show_photo(crop, x)

        self._work.ask(lambda: cropped(pixels, crop, shape, invert), done, self._on_failed)

    def _show_photo(self, crop: Crop, x: np.ndarray) -> None:
        from app.inside.session import Input

        photo = self.photo
        if photo is None or tuple(x.shape) != tuple(self._session.input_shape):
            return
        self.crop = crop
        self._session.show(
            Input(read_only(x), "photo", photo.name, picture=photo.pixels)
        )  # fmt: skip
        self.changed.emit()

    def photo_words(self) -> str:
        """What the photograph is, and what became of it."""
        photo, crop = self.photo, self.crop
        if photo is None or crop is None:
            return ""
        wide, high = photo.size
        rows, columns, channels = self.shape
        zoom = wide / photo.pixels.shape[1]
        made = tr("gray") if channels == 1 else tr("colour")
        words = [
            tr("{name}, {wide} × {high}", name=photo.name, wide=f"{wide:,}", high=f"{high:,}"),
            *photo.notes,
            tr("{wide} × {high} of it brought to {columns} × {rows}, {made}", wide=f"{crop.width * zoom:,.0f}",
               high=f"{crop.height((rows, columns)) * zoom:,.0f}", columns=columns, rows=rows, made=made),
        ]  # fmt: skip
        if crop.beyond(photo.pixels.shape, (rows, columns)):
            words.append(tr("black beside it"))
        return "; ".join(words) + "."

    # -- following

    def _on_input(self) -> None:
        if self._session.input is not self._shown:
            self._live.stop()
            self.canvas = self._base = self._shown = None
        self.changed.emit()

    def _on_switch(self) -> None:
        toggles = self._session.toggles
        now = (bool(toggles["centred"]), bool(toggles["invert"]))
        if now == self._switches:
            return
        before, self._switches = self._switches, now
        given = self._session.input
        if (
            now[0] != before[0]
            and self.painting
            and self.canvas is not None
            and self.canvas.strokes
        ):
            self._show_canvas()
        if now[1] != before[1] and given is not None and given.source == "photo" and self.crop:
            self._crop_to(self.crop)

    def _on_network(self) -> None:
        shape: Sequence[int] = self._session.input_shape
        if len(shape) == 3:
            self.size = max(1.0, _USUAL * min(shape[:2]))
        self._work.forget()
        self.reading = False
        self.changed.emit()

    def _register(self) -> None:
        bus = self._session.context.bus
        handlers: tuple[tuple[str, Callable[..., Any], str], ...] = (
            ("inside.stroke", self._do_stroke, tr("Draw")),
            ("inside.clear", self._do_clear, tr("Clear the drawing")),
            ("inside.undo_stroke", self._do_undo, tr("Take a stroke back")),
            ("inside.brush", self._do_brush, tr("Choose the brush")),
            ("inside.photo", self._do_photo, tr("Look at a photo")),
            ("inside.example", self._do_example, tr("Look at a photograph of the program")),
            ("inside.paste", self._do_paste, tr("Look at the clipboard's picture")),
            ("inside.crop", self._do_crop, tr("Crop the photo")),
        )
        for name, handler, label in handlers:
            if not bus.knows(name):
                bus.register(name, handler, label=label)


def _of_image(image: QImage, name: str) -> Photo:
    """A picture that the system hands over decoded, by way of a file in memory: the same limits and words."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice

    store = QByteArray()
    buffer = QBuffer(store)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "BMP" if not image.hasAlphaChannel() else "PNG")  # type: ignore[call-overload]
    return photos.of_bytes(bytes(store.data()), name)
