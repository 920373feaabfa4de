"""The playground's state, its commands, and the engine's answers. Interface thread only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

import assets
from app.bus import CommandError
from app.scenes.playground_film import LONGEST
from app.scenes.playground_settings import Settings
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.engine.questions.photographs import Photograph
    from app.engine.questions.playground import Result
    from app.inside.session import InsideSession

#: The photographs the program is delivered with, by the names of their files.
PHOTOS = {
    "camera": tr("Man with a camera"),
    "cat": tr("Cat"),
    "astronaut": tr("Astronaut"),
    "bricks": tr("Wall of bricks"),
    "boats": tr("Boats"),
    "coffee": tr("Cup of coffee"),
    "flower": tr("Flower"),
    "rocket": tr("Rocket"),
}
INPUT, OWN = "input", "own"


@dataclass(frozen=True, eq=False)
class Picture:
    """What is filtered.

    Attributes
    ----------
    source
        A name of `PHOTOS`, "input" or "own".
    pixels
        (height, width, channels): uint8, or float as the network takes it.
    note
        Its size, and what was done to it.
    """

    source: str
    pixels: np.ndarray
    note: str


class Playground(QObject):
    """See the module's text.

    Signals
    -------
    changed()
        Something was set, or the window has moved.
    computed()
        There is another result.
    """

    changed = Signal()
    computed = Signal()

    def __init__(self, session: InsideSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.settings = Settings()
        self.picture: Picture | None = None
        self.result: Result | None = None
        #: Settings of `result`: what is painted belongs together.
        self.shown = self.settings
        #: Why there is no result; a sentence.
        self.problem = ""
        #: Row and column of the output that is written out.
        self.place = (0, 0)
        self.source = next(iter(PHOTOS))
        #: The learner's own photograph, once there is one.
        self.own: Picture | None = None
        self._asking = False
        self._again = False
        self._active = False
        self._loading = ""
        #: Whether the window stands where something is to be seen; of another picture it is put there.
        self._placed = False
        session.input_changed.connect(self._on_input)
        self._register()

    # -- life

    def activate(self) -> None:
        """Begin to compute."""
        self._active = True
        if self.picture is None:
            self.choose(self.source)
        else:
            self._on_input()
            self.ask()

    def deactivate(self) -> None:
        """Stop computing."""
        self._active = False

    # -- the picture

    def choose(self, source: str) -> None:
        """Filter another picture."""
        self.source = source
        if source == INPUT:
            self._take_input()
        elif source == OWN:
            if self.own is not None:
                self._take(self.own)
        else:
            self._load(str(assets.path("photos", f"{source}.jpg")), source)
        self.changed.emit()

    def _load(self, path: str, source: str) -> None:
        self._loading = path

        def done(found: Photograph) -> None:
            if self._loading != path:
                return
            picture = Picture(source, found.pixels, _note(found))
            if source == OWN:
                self.own, self.source = picture, OWN
            self._take(picture)

        def failed(sentence: str) -> None:
            if self._loading == path:
                self._fail(sentence)

        self.session.context.engine.ask(
            "photograph", path=path, longest=LONGEST, done=done, failed=failed, asker="playground"
        )

    def _take_input(self) -> None:
        given = self.session.input
        self._loading = ""
        if given is None or given.x.ndim != 3 or given.x.shape[-1] not in (1, 3, 4):
            self.picture = self.result = None
            self._fail(tr("The network's input is no picture. Choose a photograph."))
            return
        high, wide = given.x.shape[:2]
        self._take(Picture(INPUT, given.x, f"{given.words} · {wide}×{high}"))

    def _take(self, picture: Picture) -> None:
        self.picture = picture
        self._placed = False
        self.changed.emit()
        self.ask()

    def _on_input(self) -> None:
        if self.source == INPUT and self._active:
            self._take_input()

    # -- the engine

    def ask(self) -> None:
        """Have the picture filtered; one question at a time, the newest settings count."""
        if self.picture is None or not self._active:
            return
        if self._asking:
            self._again = True
            return
        self._asking = True
        settings = self.settings

        def done(result: Any) -> None:
            self._asking, self.problem = False, ""
            self.result, self.shown = result, settings
            self._keep_inside()
            self.computed.emit()
            self._go_on()

        def failed(sentence: str) -> None:
            self._asking = False
            self.result = None
            self._fail(sentence)
            self._go_on()

        self.session.context.engine.ask(
            "inside_playground", pixels=self.picture.pixels, done=done, failed=failed, **settings.asked()
        )  # fmt: skip

    def _go_on(self) -> None:
        if self._again:
            self._again = False
            self.ask()

    def _fail(self, sentence: str) -> None:
        self.problem = sentence
        self.computed.emit()

    def _keep_inside(self) -> None:
        assert self.result is not None
        if not self._placed:
            self.place, self._placed = self.result.striking, True
        rows, columns, channels = self.result.filtered.values.shape
        self.place = (min(self.place[0], rows - 1), min(self.place[1], columns - 1))
        if self.settings.channel >= channels:
            self.settings = replace(self.settings, channel=0)
            self.shown = replace(self.shown, channel=0)

    @property
    def channel(self) -> int:
        """The channel that is written out."""
        count = self.result.filtered.values.shape[2] if self.result is not None else 1
        return min(self.settings.channel, count - 1)

    def move_to(self, row: int, column: int) -> None:
        """Put the window at a place of the output; outside it goes to the border."""
        if self.result is None:
            return
        rows, columns = self.result.filtered.values.shape[:2]
        place = (max(0, min(row, rows - 1)), max(0, min(column, columns - 1)))
        if place != self.place:
            self.place = place
            self.changed.emit()

    # -- commands

    def _register(self) -> None:
        bus = self.session.context.bus
        for name, handler, label in (
            ("playground.picture", self._do_picture, tr("Filter a picture")),
            ("playground.open", self._do_open, tr("Filter a photograph of your own")),
            ("playground.preset", self._do_preset, tr("Take a known filter")),
            ("playground.kernel", self._do_kernel, tr("Type a kernel")),
            ("playground.cell", self._do_cell, tr("Type a number of the kernel")),
            ("playground.set", self._do_set, tr("Set the playground")),
            ("playground.place", self._do_place, tr("Move the window")),
        ):
            if bus.knows(name):
                bus.unregister(name)
            bus.register(name, handler, label=label)

    def _do_picture(self, name: str) -> None:
        known = (*PHOTOS, INPUT) if self.own is None else (*PHOTOS, INPUT, OWN)
        if name not in known:
            raise CommandError(
                tr("There is no picture {name}; there are {known}.", name=repr(name), known=", ".join(known))
            )  # fmt: skip
        self.choose(name)

    def _do_open(self, path: str) -> None:
        try:
            there = Path(path).is_file()
        except (OSError, ValueError):
            there = False
        if not there:
            raise CommandError(tr("There is no file {name}.", name=Path(path).name or repr(path)))
        self._load(path, OWN)

    def _do_preset(self, name: str) -> None:
        self._change(lambda settings: settings.with_preset(name))

    def _do_kernel(self, rows: list[list[float]]) -> None:
        self._change(lambda settings: settings.with_kernel(rows))

    def _do_cell(self, row: int, column: int, value: float) -> None:
        self._change(lambda settings: settings.with_cell(row, column, value))

    def _do_set(self, name: str, value: Any) -> None:
        self._change(lambda settings: settings.with_value(name, value))

    def _do_place(self, row: int, column: int) -> None:
        if self.result is None:
            raise CommandError(tr("There is no result yet."))
        rows, columns = self.result.filtered.values.shape[:2]
        if not (0 <= row < rows and 0 <= column < columns):
            raise CommandError(
                tr("The result has {rows} rows and {columns} columns, numbered from 0.", rows=rows,
                   columns=columns)
            )  # fmt: skip
        self.move_to(row, column)

    def _change(self, make: Any) -> None:
        try:
            changed = make(self.settings)
        except ChainruleError as error:
            raise CommandError(str(error)) from error
        if changed != self.settings:
            self.settings = changed
            self.changed.emit()
            self.ask()


def _note(found: Photograph) -> str:
    """The size of a photograph, and what was done to it."""
    high, wide = found.pixels.shape[:2]
    words = f"{wide}×{high}"
    if found.size != (wide, high):
        words = tr("{width}×{height}, shown reduced to {size}", width=f"{found.size[0]:,}",
                   height=f"{found.size[1]:,}", size=words)  # fmt: skip
    if found.see_through:
        words = tr("{words}; transparent places over white", words=words)
    return words
