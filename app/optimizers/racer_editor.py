"""The popover of one racer: its name, learning rate or schedule, its optimizer's own arguments, clipping, batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.scenes.race_numbers import corrects
from app.text import tr
from app.widgets import Button, Choice, Label, Line, NumberField, TextField, Toggle
from app.window.forms import Form, row
from app.window.rate_editor import RateEditor
from core import optimizers
from core.landscape import race as races
from core.schedules import first_rate

if TYPE_CHECKING:
    from app.optimizers.network_task import NetworkTask
    from app.optimizers.session import RaceSession
    from core.landscape.race import Racer

_WAYS = ("clipvalue", "clipnorm", "global_clipnorm")


class RacerEditor(Form):
    """See the module's text.

    Parameters
    ----------
    anchor
        The button it opens under.
    session
        Whose race it is.
    identifier
        Of the racer.
    network
        The race on the network, if it is edited there: all take the same batches then, and rates are others.
    """

    def __init__(
        self, anchor: QWidget, session: RaceSession, identifier: str, network: NetworkTask | None = None
    ) -> None:  # fmt: skip
        self._session, self._id, self._network = session, identifier, network
        racer = session.race.racer(identifier)
        assert racer is not None
        kind = races.kind(racer.kind)
        super().__init__(anchor, session.context, name="race-editor", title=tr(kind.title))
        self._rows.addWidget(Label(tr(kind.note), "hint", "tx2", wrap=True))
        self._fixed = kind.fixed
        self._found = optimizers.kind(str(racer.optimizer["kind"]))
        self.title = TextField(name="race-name", label=tr("Name"))
        self.title.setPlaceholderText(tr(kind.title))
        self.title.setFixedWidth(200)
        self.title.entered.connect(lambda value: self._set("name", value.strip()))
        self._rows.addLayout(row(tr("Name"), self.title, tip=tr("What it is called in the list")))
        self._rate = RateEditor(
            lambda value: self._set("learning_rate", value), self._context.document.settle,
            name="race", advise=False, usual=first_rate(kind.optimizer["learning_rate"]),
        )  # fmt: skip
        self._rows.addWidget(self._rate)
        self._rate_note = Label("", "hint", "tx2", name="race-rate-note", wrap=True)
        self._rows.addWidget(self._rate_note)
        self._rate_note.setVisible(network is not None)
        self._fields: dict[str, NumberField | Toggle] = {}
        self._add_own()
        self._add_clipping()
        if network is None:
            self._add_samples()
        else:
            self._add_shared()
        self._rows.addWidget(Line())
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self.duplicate = Button(tr("Duplicate"), name="race-duplicate", kind="normal", icon="copy")
        self.remove = Button(tr("Remove"), name="race-remove", kind="normal", icon="trash")
        self.duplicate.setToolTip(tr("Another racer with the same settings"))
        self.remove.setToolTip(tr("Take it out of the race"))
        self.duplicate.clicked.connect(lambda: self._try("race.duplicate", id=self._id))
        self.remove.clicked.connect(lambda: self._try("race.remove", id=self._id))
        buttons.addWidget(self.duplicate)
        buttons.addWidget(self.remove)
        buttons.addStretch(1)
        self._rows.addLayout(buttons)
        session.paths_changed.connect(self._follow)
        self._show()

    @property
    def racer(self) -> Racer | None:
        """As it is now; None once it is taken out."""
        return self._session.race.racer(self._id)

    def _set(self, key: str, value: Any) -> None:
        self._try("race.set", id=self._id, key=key, value=value)

    # -- rows

    def _add_own(self) -> None:
        """A row for each argument of the optimizer but those that make it what it is, and weight decay."""
        shared = [one for one in self._found.settings if one.name == "weight_decay"]
        own = [
            one for one in self._found.own[1:] if one not in shared and one.name not in self._fixed
        ]  # fmt: skip
        for setting in (*own, *shared):
            name, title = f"race-{setting.name}", tr(setting.label)
            if setting.type == "bool":
                toggle = Toggle(name=name, label=title)
                toggle.clicked.connect(
                    lambda _=False, n=setting.name, f=toggle: self._set(n, f.isChecked())
                )
                self._fields[setting.name] = toggle
            else:
                high = setting.maximum if setting.maximum is not None else 1000.0
                below = setting.name in self._found.below_one
                number = NumberField(
                    name=name, label=title, whole=False, step=setting.step, minimum=setting.minimum or 0.0,
                    maximum=0.9999 if below else high, width=104,
                )  # fmt: skip
                number.entered.connect(
                    lambda value, s=setting: self._set(
                        s.name, None if s.optional and not value else value
                    )
                )
                self._fields[setting.name] = number
            self._rows.addLayout(row(title, self._fields[setting.name], tip=tr(setting.help)))

    def _add_clipping(self) -> None:
        self._clipping = Choice(
            [("", tr("None")), ("clipvalue", tr("Each number")), ("clipnorm", tr("Its length"))],
            name="race-clipping", label=tr("Gradient clipping"), width=136,
        )  # fmt: skip
        self._clipping.chosen.connect(lambda way: self._clip(way, 1.0))
        self._limit = NumberField(
            name="race-clipping-limit", label=tr("Largest gradient"), whole=False, step=0.1, minimum=0.0,
            maximum=1e6, width=72,
        )  # fmt: skip
        self._limit.entered.connect(lambda value: self._clip(self._clipping.value, value))
        tip = tr("Makes gradients smaller that are larger than this")
        self._rows.addLayout(row(tr("Clipping"), self._clipping, self._limit, tip=tip))

    def _add_samples(self) -> None:
        """What surfaces made of samples need, and the switch of Adam's correction."""
        self._batch = TextField(name="race-batch", label=tr("Samples in a step"), mono=True)
        self._batch.setPlaceholderText(tr("all"))
        self._batch.setFixedWidth(104)
        self._batch.entered.connect(self._set_batch)
        self._rows.addLayout(
            row(tr("Samples in a step"), self._batch, tip=tr("Left empty, a step sees all samples"))
        )
        self._batch_note = Label(
            tr("This surface is not made of samples: every step sees all of it."), "hint", "tx3",
            name="race-batch-note", wrap=True,
        )  # fmt: skip
        self._rows.addWidget(self._batch_note)
        self._correction = Toggle(name="race-bias-correction", label=tr("Bias correction"))
        self._correction.setParent(self)
        self._correction.hide()
        self._correction.clicked.connect(
            lambda: self._set("bias_correction", self._correction.isChecked())
        )
        if corrects({"kind": self._found.name}):
            tip = tr("Averages start at 0 and are too small at first; this makes up for it")
            self._rows.addLayout(row(tr("Bias correction"), self._correction, tip=tip))
            self._correction.show()

    def _add_shared(self) -> None:
        """What is not the racer's own on the network."""
        words = tr("On your network all take the batches of the training settings.")
        if corrects({"kind": self._found.name}):
            words += " " + tr("Averages are corrected there.")
        self._rows.addWidget(Label(words, "hint", "tx3", name="race-shared-note", wrap=True))

    def _set_batch(self, words: str) -> None:
        plain = words.strip().lower()
        if plain in ("", tr("all")):
            self._set("batch_size", None)
        else:
            self._set("batch_size", int(plain) if plain.isdecimal() else words)

    def _clip(self, way: str, limit: float) -> None:
        racer = self.racer
        if racer is not None:
            config = {key: one for key, one in racer.optimizer.items() if key not in _WAYS}
            # 0 is no clipping.
            changed = {**config, way: limit} if way and limit else config
            self._try("race.optimizer", id=self._id, optimizer=changed)

    # -- what is shown

    def _show(self) -> None:
        racer = self.racer
        if racer is None:
            self.close_popover()
            return
        config, race = racer.optimizer, self._session.race
        self.title.set_value(racer.name)
        rate = config.get("learning_rate", self._found.defaults["learning_rate"])
        self._rate.show_rate(rate, race.steps, self._epochs(racer))
        for name, field in self._fields.items():
            value = config.get(name, self._found.defaults[name])
            if isinstance(field, Toggle):
                field.setChecked(bool(value))
            else:
                field.set_amount(float(value or 0.0))
        way = next((one for one in _WAYS if config.get(one)), "")
        # Of one point in the plane the norm of all weights together is its own.
        self._clipping.set_value("clipnorm" if way == "global_clipnorm" else way)
        self._limit.setVisible(bool(way))
        self._limit.set_amount(float(config.get(way) or 1.0))
        if self._network is not None:
            self._rate_note.setText(self._network.rate_words(racer))
            return
        self._batch.set_value("" if racer.batch_size is None else str(racer.batch_size))
        surface = self._session.surface
        self._batch_note.setVisible(surface is not None and surface.samples is None)
        self._correction.setChecked(racer.bias_correction)

    def _epochs(self, racer: Racer) -> int:
        """How many epochs a schedule counts over the race: a step each where there are no samples."""
        race, surface = self._session.race, self._session.surface
        if surface is None or surface.samples is None or racer.batch_size is None:
            return race.steps
        return max(1, race.steps * racer.batch_size // len(surface.samples.u))
