"""Activation maximization: an image is changed until a channel, a unit or a class answers to it most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.bus import CommandError
from app.inside.given import Input
from app.inside.maximizing import MaximizingStage
from app.inside.panels import InsidePanel
from app.inside.scan_panel import AnswerPanel
from app.scenes.maximization import SETTINGS, WHOLE, subject_words
from app.scenes.spec_view import numbered_titles
from app.snapshots import read_only
from app.text import number, tr
from app.widgets import Button, Choice, Label, NumberField, Popover, Slider

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.inside.session import InsideSession
    from core.runs import Position

OWNER = "inside-maximization"
#: Seconds the way takes when it is played.
_SECONDS = 5.0
#: Between what each setting is, what an arrow of its field adds, what it is called and what it does.
_RANGES: dict[str, tuple[float, float, float, str, str]] = {
    "steps": (1, 2000, 10, tr("Steps"), tr("Steps of gradient ascent")),
    "learning_rate": (0.0001, 1, 0.01, tr("Learning rate"), tr("How far a step goes, as a share of all colours")),
    "l2": (0, 1, 0.001, tr("L2"), tr("What numbers far from grey cost")),
    "total_variation": (0, 1, 0.01, tr("Smoothness"), tr("What differences of neighbours cost")),
    "jitter": (0, 16, 1, tr("Jitter"), tr("By how many pixels the image is shifted at random before a step")),
    "blur_every": (0, 1000, 1, tr("Blur every"), tr("After how many steps the image is blurred a little; 0: never")),
    "seed": (0, 2**31 - 1, 1, tr("Seed"), tr("Of the noise it begins with, and of the shifts")),
}  # fmt: skip


class MaximizationPanel(AnswerPanel):
    """See the module's text: of the channel that is looked at, or of the class that is explained."""

    # It stands where the image would.
    says_refusal = False

    def __init__(self, session: InsideSession) -> None:
        super().__init__(session, "inside-maximization", "inside_maximization")
        self.of = "class"
        self.settings: dict[str, float] = dict(SETTINGS)
        self._playing = False
        self._at = 0.0
        self.stage = MaximizingStage()
        self.stage.wanted.connect(lambda step: session.context.do("inside.frame", step=step))
        self.outer.addWidget(self.stage, 1)
        self._build_below()
        self._build_settings()
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.subject = Choice(
            [], name="inside-maximization-of", label=tr("What is excited"), width=112
        )
        self.subject.setToolTip(
            tr("The class that is explained, or the map or unit of a layer that is looked at")
        )
        self.subject.chosen.connect(self._choose_subject)
        row.addWidget(self.subject)
        for name, icon, tip, by in (
            ("inside-maximization-back", "chevron-left", tr("The one before"), -1),
            ("inside-maximization-on", "chevron-right", tr("The next one"), 1),
        ):
            button = Button(name=name, icon=icon, icon_size=14)
            button.setAccessibleName(tip)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, by=by: self._go(by))
            row.addWidget(button)
        self.stage.turned.connect(self._go)
        bus = session.context.bus
        for name, handler, label in (
            ("inside.maximize", self._do_maximize, tr("Maximize an activation")),
            ("inside.frame", self._do_frame, tr("Go to a step of the maximization")),
            ("inside.replay", self._do_replay, tr("Play the maximization")),
            ("inside.use-maximized", self._do_use, tr("Look at the image that excites most")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)

    def _build_below(self) -> None:
        do = self.session.context.do
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 8)
        row.setSpacing(8)
        self.play = Button(name="inside-maximization-play", icon="player-play", icon_size=14)
        self.play.setAccessibleName(tr("Play"))
        self.play.setToolTip(tr("See the image come about again"))
        self.play.clicked.connect(lambda: do("inside.replay"))
        self.slider = Slider(
            0.0,
            1.0,
            name="inside-maximization-step",
            label=tr("Step of the maximization"),
            step=0.005,
        )
        self.slider.setToolTip(tr("Which step is shown"))
        self.slider.moved.connect(self._on_slider)
        self.more = Button(
            tr("Settings"), name="inside-maximization-settings", icon="adjustments", icon_size=14
        )
        self.more.setToolTip(
            tr("Steps, learning rate, what keeps the image readable, and the seed")
        )
        self.use = Button(
            tr("Use as input"), name="inside-maximization-use", icon="eye", icon_size=14
        )
        self.use.setToolTip(tr("Look at this image: what the network makes of it"))
        self.use.clicked.connect(lambda: do("inside.use-maximized"))
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.more)
        row.addWidget(self.use)
        self.outer.addLayout(row)

    def _build_settings(self) -> None:
        self.popover: Popover | None = None
        self.fields: dict[str, NumberField] = {}
        self.more.clicked.connect(self._open_settings)

    def _open_settings(self) -> None:
        if self.popover is None:
            # It lies over the window, which the panel is part of only now.
            self.popover = Popover(
                self.more, name="inside-maximization-popover", title=tr("Activation maximization")
            )
            column = QVBoxLayout()
            column.setSpacing(6)
            for name, (low, high, step, title, tip) in _RANGES.items():
                row = QHBoxLayout()
                row.addWidget(Label(title, "label", "tx2"))
                row.addStretch(1)
                field = NumberField(
                    name=f"inside-maximization-{name}", label=title, whole=name in WHOLE, step=step, minimum=low,
                    maximum=high, width=92,
                )  # fmt: skip
                field.setToolTip(tip)
                field.entered.connect(lambda value, name=name: self._on_field(name, value))
                self.fields[name] = field
                row.addWidget(field)
                column.addLayout(row)
            self.popover.body.addLayout(column)
        for name, field in self.fields.items():
            field.set_amount(self.settings[name])
            field.set_error(False)
        self.popover.open()

    def _on_field(self, name: str, value: float) -> None:
        given: Any = int(value) if name in WHOLE else float(value)
        self.session.context.do("inside.maximize", **{name: given})
        self.fields[name].set_error(self.settings[name] != given)

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    # -- choosing

    def _list_subjects(self) -> None:
        session = self.session
        titles, look = numbered_titles(session.network), session.look
        listed = [("", tr("Class"))] if session.classes else []
        layers = session.layers()[: -1 if listed else None]
        listed += [(n, titles.get(n, n)) for n in layers if look is not None and n in look.layers]
        box = self.subject
        if [(box.itemData(k), box.itemText(k)) for k in range(box.count())] != listed:
            box.clear()
            for value, title in listed:
                box.addItem(title, value)
        box.set_value("" if self.of == "class" else session.layer)

    def _choose_subject(self, layer: str) -> None:
        do = self.session.context.do
        if layer and layer != self.session.layer:
            do("inside.select", layer=layer)
        do("inside.maximize", of="channel" if layer else "class")

    def _go(self, by: int) -> None:
        """Excite the next class, map or unit, or the one before."""
        subject, session = self.subject_of, self.session
        if subject is None or session.look is None:
            return
        count = session.look.layers[subject[0]].shape[-1]
        to = (subject[1] + by) % count
        if self.of == "class":
            session.context.do("inside.class", class_index=to)
        else:
            session.context.do("inside.select", layer=subject[0], channel=to)

    # -- the bus

    def _do_maximize(
        self,
        of: Literal["channel", "class"] | None = None,
        steps: int | None = None,
        learning_rate: float | None = None,
        l2: float | None = None,
        total_variation: float | None = None,
        jitter: int | None = None,
        blur_every: int | None = None,
        seed: int | None = None,
    ) -> None:
        given = {
            "steps": steps, "learning_rate": learning_rate, "l2": l2, "total_variation": total_variation,
            "jitter": jitter, "blur_every": blur_every, "seed": seed,
        }  # fmt: skip
        for name, value in given.items():
            low, high, _, title, _ = _RANGES[name]
            if value is not None and not low <= value <= high:
                raise CommandError(
                    tr("{title} is a number from {low} to {high}; it is {value}.", title=title, low=number(low),
                       high=number(high), value=number(value))
                )  # fmt: skip
        self.settings |= {name: value for name, value in given.items() if value is not None}
        self.of = of or self.of
        self.ask()
        self.show_found()

    def _do_frame(self, step: int) -> None:
        found = self.job.found
        if found is None or not found.whole or not 0 <= step <= found.steps:
            raise CommandError(
                tr("There is no step {step} of an activation maximization to show.", step=step)
            )
        self._play(False)
        self._show_step(step)

    def _do_replay(self) -> None:
        found = self.job.found
        if found is None or not found.whole:
            raise CommandError(tr("There is no activation maximization to play."))
        self._play(not self._playing)

    def _do_use(self) -> None:
        image, found = self.stage.image, self.job.found
        if image is None or found is None:
            raise CommandError(tr("There is no image yet that excites the channel."))
        x = image.astype("float32") / (255 if image.dtype == "uint8" else 1)
        words = tr("excites {what}", what=self.words)
        self.session.show(Input(read_only(x.reshape(self.session.input_shape)), "drawn", words))

    # -- playing

    def _play(self, playing: bool) -> None:
        clock = self.session.context.clock
        if playing and not self._playing:
            found = self.job.found
            self._at = 0.0 if self.stage.step >= found.steps else float(self.stage.step)
            clock.want(OWNER)
        elif not playing:
            clock.release(OWNER)
        self._playing = playing
        self.play.set_icon("player-pause" if playing else "player-play")
        self.play.setAccessibleName(tr("Pause") if playing else tr("Play"))

    @Slot(float)
    def _on_tick(self, seconds: float) -> None:
        found = self.job.found
        if not self._playing or found is None:
            return
        self._at += seconds * found.steps / _SECONDS
        self._show_step(min(int(self._at), found.steps))
        if self._at >= found.steps:
            self._play(False)

    def _on_slider(self, share: float) -> None:
        found = self.job.found
        if found is not None and found.whole:
            self.session.context.do("inside.frame", step=round(share * found.steps))

    def _show_step(self, step: int) -> None:
        found = self.job.found
        self.stage.step = step
        self.slider.set_amount(step / found.steps if found is not None else 0.0)
        self.stage.update()

    def showEvent(self, event: QShowEvent) -> None:
        self.session.context.clock.tick.connect(self._on_tick)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._play(False)
        self.session.context.clock.tick.disconnect(self._on_tick)
        super().hideEvent(event)

    # -- what is asked

    @property
    def subject_of(self) -> tuple[str, int] | None:
        """Layer and channel that are excited."""
        session = self.session
        if session.look is None:
            return None
        if self.of == "class":
            layers, chosen = session.layers(), session.class_index
            return (layers[-1], chosen) if layers and chosen is not None else None
        values = session.look.layers.get(session.layer)
        if values is None or session.channel >= values.shape[-1]:
            return None
        return session.layer, session.channel

    @property
    def words(self) -> str:
        """What is excited by what is shown."""
        found = self.job.found
        if found is None:
            return ""
        return subject_words(self.session.network, found.layer, found.channel)

    def filmed(self) -> dict[str, Any]:
        """What is excited, and how: toggles of the film."""
        subject = self.subject_of
        named = {"layer": subject[0], "channel": subject[1]} if subject is not None else {}
        return named | self.settings

    def position(self) -> Position | None:
        found = self.job.found
        return found.position if found is not None else None

    def wanted(self) -> Any:
        subject = self.subject_of
        if subject is None or not self.session.is_image:
            return None
        return (*subject, tuple(sorted(self.settings.items())))

    def refusal(self) -> str:
        if self.session.input_shape and not self.session.is_image:
            return tr("Activation maximization paints an image; this network looks at none.")
        return ""

    def values(self) -> dict[str, Any]:
        subject = self.subject_of
        assert subject is not None
        settings = {k: int(v) if k in WHOLE else float(v) for k, v in self.settings.items()}
        return {"layer": subject[0], "channel": subject[1], "settings": settings}

    def said(self) -> str:
        found = self.job.found
        words = self.words
        if found.whole and not found.activations.any():
            return tr("{what} is silent, whatever is tried", what=words)
        if found.began >= 0:
            return tr("{what}, begun with sample {number}: noise says nothing to it", what=words,
                      number=number(found.began + 1))  # fmt: skip
        if found.photo:
            return tr("{what}, begun with the photograph {name}: noise says nothing to it", what=words,
                      name=found.photo)  # fmt: skip
        return words

    def show_found(self) -> None:
        found, stage = self.job.found, self.stage
        self._list_subjects()
        stage.words, stage.empty = self.words, self.job.problem or self.refusal()
        if found is not stage.found:
            stage.found = found
            if found is not None and not self._playing:
                self._show_step(len(found.activations) - 1)
        whole = found is not None and found.whole
        for control in (self.play, self.slider, self.use):
            control.setEnabled(whole)
        if not whole:
            self._play(False)
        stage.update()

    def ask(self, *, again: bool = False) -> None:
        if not self.session.is_image:
            self.job.forget()
        super().ask(again=again)
        self.show_found()
        self.tell()


PANEL = InsidePanel(
    "maximization", "rows", tr("Activation maximization"),
    tr("The image a map, a unit or a class answers to most"), 40, MaximizationPanel,
    hides=("below",),
)  # fmt: skip
