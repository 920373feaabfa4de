"""What samples look like, by number: asked of the engine as they come into sight, and kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app import theme
from app.inside.scans import scans_of
from app.scenes import draw, images

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.inside.session import InsideSession
    from app.theme import Theme

#: Samples that are kept, asked for at once, and made pictures of in one painting: more would hold up the window.
_KEPT, _AT_ONCE, _MADE = 4000, 64, 16
#: Numbers that are written out.
_FEW = 12


class SamplePictures(QObject):
    """See the module's text.

    Signals
    -------
    arrived()
        There are more.
    """

    arrived = Signal()

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session)
        self._session = session
        self._of: tuple[str, str] = ("", "")
        self._arrays: dict[int, np.ndarray] = {}
        self._images: dict[int, QImage] = {}
        self._labels: dict[int, int] = {}
        self._refused: set[int] = set()
        self._ticket = 0
        #: Pictures that may still be made in this painting, and whether there was need of more.
        self._left, self.lacks = _MADE, False
        session.context.theme_changed.connect(lambda _: self._images.clear())
        # The samples of another data set may have the same name: each project calls its own "".
        scans_of(session).forgotten.connect(self.forget)

    def forget(self) -> None:
        """Another data set, or another network."""
        if self._ticket:
            self._session.context.engine.cancel(self._ticket)
        self._ticket = 0
        for kept in (self._arrays, self._images, self._labels, self._refused):
            kept.clear()

    def want(self, data: str, part: str, indices: Iterable[int]) -> None:
        """Have these fetched, as far as they are not here."""
        if (data, part) != self._of:
            self.forget()
            self._of = (data, part)
        missing = [
            k for k in dict.fromkeys(indices) if k not in self._arrays and k not in self._refused
        ]
        if self._ticket or not missing:
            return
        asked = missing[:_AT_ONCE]
        # What does not come is not asked for again and again.
        self._refused.update(asked)
        self._ticket = self._session.context.engine.ask(
            "inside_pictures", indices=asked, data=data, part=part, done=self._on_found, failed=self._on_failed,
            asker=self.objectName(),
        )  # fmt: skip

    def begin(self) -> None:
        """A painting begins."""
        self._left, self.lacks = _MADE, False

    def image(self, index: int) -> QImage | None:
        """A sample as a picture, or None until it is here."""
        if index not in self._arrays:
            return None
        if index not in self._images:
            if self._left <= 0:
                self.lacks = True
                return None
            self._left -= 1
            self._images[index] = picture_of(theme.current(), self._arrays[index])
        return self._images[index]

    def label(self, index: int) -> int | None:
        """The class of a sample, if it is known."""
        return self._labels.get(index)

    def words(self, index: int) -> tuple[str, ...]:
        """The numbers of a sample that is no image, if they are few; by name."""
        array, names = self._arrays.get(index), self._names()
        if array is None or array.ndim != 1 or len(array) > _FEW:
            return ()
        titles = [names[k] if k < len(names) else f"x{k + 1}" for k in range(len(array))]
        return tuple(
            f"{title}: {draw.plain(float(value), 4)}"
            for title, value in zip(titles, array.tolist(), strict=True)
        )

    def _names(self) -> tuple[str, ...]:
        """Of the input's numbers."""
        nodes = [node for node in self._session.network.nodes if node.kind == "Input"]
        return nodes[0].labels if nodes else ()

    def _on_found(self, found: Any) -> None:
        self._ticket = 0
        if (found.data, found.part) != self._of:
            return
        if len(self._arrays) > _KEPT:
            self._arrays.clear()
            self._images.clear()
        self._arrays.update(found.images)
        self._labels.update(found.labels)
        self._refused.clear()
        self.arrived.emit()

    def _on_failed(self, _sentence: str) -> None:
        self._ticket = 0


def picture_of(colors: Theme, x: np.ndarray) -> QImage:
    """An input as a picture: an image as itself, other numbers by their sizes and signs."""
    if x.ndim == 3 and x.shape[-1] in (1, 3, 4):
        return images.photo(colors, x)
    if x.ndim == 3:
        return images.photo(colors, x.mean(-1))
    table = x.reshape(1, -1) if x.ndim < 2 else x.reshape(x.shape[0], -1)
    return images.heat(colors, table, "signed", images.extent(table))
