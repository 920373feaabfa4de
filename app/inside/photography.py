"""Photographs to look at: from a file, the clipboard or the program; and the part of them the network is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from app.bus import CommandError
from app.inside import photos
from app.inside.background import Background
from app.inside.cropping import Crop, cropped
from app.inside.given import Input
from app.inside.photos import Photo
from app.snapshots import read_only
from app.text import tr
from core.errors import ChainruleError
from core.io.errors import explain_os_error

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

    from app.inside.session import InsideSession


class Photography(QObject):
    """The photograph that is open. Interface thread; files are read on another.

    Attributes
    ----------
    photo
        The photograph that was opened last, or None.
    crop
        The window of it that is looked at.
    reading
        Whether a photograph is being read.

    Signals
    -------
    changed()
        Any of these.
    """

    changed = Signal()

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session)
        self._session = session
        self.photo: Photo | None = None
        self.crop: Crop | None = None
        self.reading = False
        self._work = Background(self)
        session.toggles |= {"invert": False}
        self._inverted = False
        session.chosen.connect(self._on_switch)
        session.network_changed.connect(self._on_network)
        session.input_changed.connect(self._on_input)
        bus = session.context.bus
        for name, handler, label in (
            ("inside.photo", self._do_photo, tr("Look at a photo")),
            ("inside.example", self._do_example, tr("Look at a photograph of the program")),
            ("inside.paste", self._do_paste, tr("Look at the clipboard's picture")),
            ("inside.crop", self._do_crop, tr("Crop the photo")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the network's pictures; see `InsideSession.picture_shape`."""
        return self._session.picture_shape()

    def _do_photo(self, path: str) -> None:
        shape = self.shape
        try:
            there = Path(path).is_file()
        except OSError as error:
            raise CommandError(explain_os_error(error, Path(path), "open")) from error
        if not there:
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
        photo = self.photo
        if photo is None or tuple(x.shape) != tuple(self._session.input_shape):
            return
        self.crop = crop
        self._session.show(
            Input(
                read_only(x), "photo", photo.name, picture=photo.pixels,
                photographed=not self._session.toggles["invert"],
            )
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
            # An inverted photograph is seen as ink on the theme's paper.
            inverted = bool(self._session.toggles["invert"])
            words.append(tr("nothing beside it") if inverted else tr("black beside it"))
        return "; ".join(words) + "."

    # -- following

    def _on_switch(self) -> None:
        now, given = bool(self._session.toggles["invert"]), self._session.input
        if now == self._inverted:
            return
        self._inverted = now
        if given is not None and given.source == "photo" and self.crop is not None:
            self._crop_to(self.crop)

    def _on_network(self) -> None:
        self._work.forget()
        self.reading = False
        self.changed.emit()

    def _on_input(self) -> None:
        # Whoever chooses something else meanwhile does not want the photo any more.
        if self.reading:
            self._on_network()


def _of_image(image: QImage, name: str) -> Photo:
    """A picture that the system hands over decoded, by way of a file in memory: the same limits and words."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice

    store = QByteArray()
    buffer = QBuffer(store)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "BMP" if not image.hasAlphaChannel() else "PNG")  # type: ignore[call-overload]
    return photos.of_bytes(bytes(store.data()), name)
