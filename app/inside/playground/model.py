"""The playground's state, its commands, and the engine's answers. Interface thread only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.bus import CommandError
from app.inside.background import Background
from app.inside.playground import pictures
from app.inside.playground.pictures import Picture
from app.scenes.playground_settings import Settings
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from app.engine.questions.playground import Result
    from app.inside.photos import Photo
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
        self._reading = Background(self)
        #: The photograph that was last opened or pasted for the network.
        self._photo: Photo | None = None
        #: Whether the window stands where something is to be seen; of another picture it is put there.
        self._placed = False
        session.input_changed.connect(self._on_input)
        session.photography.changed.connect(self._on_photo)
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
        self._on_photo()

    def deactivate(self) -> None:
        """Stop computing."""
        self._active = False

    # -- the picture

    def choose(self, source: str) -> None:
        """Filter another picture."""
        self.source = source
        self._reading.forget()
        if source == INPUT:
            self._take_input()
        elif source == OWN:
            if self.own is not None:
                self._take(self.own)
        else:
            self._load(lambda: pictures.of_example(source))
        self.changed.emit()

    def _load(self, read: Callable[[], Picture]) -> None:
        """Read a photograph beside the interface; the newest counts."""

        def done(picture: Picture) -> None:
            if picture.source == OWN:
                self.own = picture
            self.source = picture.source
            self._take(picture)

        def failed(error: Exception) -> None:
            # What is shown stays, and the choice goes back to it.
            if self.picture is None:
                self._fail(str(error))
                return
            self.source = self.picture.source
            self.session.context.refused.emit(str(error))
            self.changed.emit()

        self._reading.ask(read, done, failed)

    def _take_input(self) -> None:
        given = self.session.input
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

    def _on_photo(self) -> None:
        """Take what was pasted or dropped on Look inside as it is, and not as small as the network takes it."""
        photo = self.session.photography.photo
        if photo is not None and photo is not self._photo and self._active:
            self._photo = photo
            self._load(lambda: pictures.of_photo(photo, OWN))

    # -- the engine

    def ask(self) -> None:
        """Have the picture filtered; one question at a time, the newest settings count."""
        if self.picture is None or not self._active:
            return
        if self._asking:
            self._again = True
            return
        self._asking = True
        settings, picture = self.settings, self.picture

        def done(result: Any) -> None:
            self._asking = False
            # Of a picture that is not shown any more nobody wants the result.
            if picture is self.picture:
                self.problem = ""
                self.result, self.shown = result, settings
                self._keep_inside()
                self.computed.emit()
            self._go_on()

        def failed(sentence: str) -> None:
            self._asking = False
            if picture is self.picture:
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
        self._load(lambda: pictures.of_file(Path(path)))

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
