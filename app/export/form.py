"""The right side of the export dialog: format, size, rate, theme, caption, parts."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.export.cards import FormatCards
from app.export.formats import ExportUsageError, by_id
from app.export.recipe import RATES, SIZES, Recipe, parse_number
from app.scenes import registry
from app.text import tr
from app.widgets import Choice, Label, Line, NumberField, ScrollPanel, Segmented, TextField, Toggle


class _LengthField(NumberField):
    """Seconds; nothing, or 0, leaves the length to the program."""

    def __init__(self, *, name: str, label: str, minimum: float, maximum: float) -> None:
        super().__init__(
            name=name, label=label, whole=False, minimum=minimum, maximum=maximum, width=104
        )

    def textFromValue(self, value: float) -> str:
        return super().textFromValue(value) if value else tr("automatic")

    def valueFromText(self, shown: str) -> float:
        return 0.0 if shown.strip() in ("", tr("automatic")) else super().valueFromText(shown)

    def validate(self, shown: str, position: int) -> tuple[QValidator.State, str, int]:
        if shown.strip() in ("", tr("automatic")):
            return (QValidator.State.Acceptable, shown, position)
        if tr("automatic").startswith(shown.strip()):
            return (QValidator.State.Intermediate, shown, position)
        return super().validate(shown, position)


class ExportForm(ScrollPanel):
    """The settings of an export.

    Parameters
    ----------
    parts
        Switches of the scene of training: name, label, on by default.
    layers
        Ids and titles of the layers whose instructions can be filmed; none leaves that choice out.

    Attributes
    ----------
    looked_at
        What a film of a step or of a weight takes over from the view that was looked at: number, sample, switches.
    problem
        Why what was typed cannot be filmed, after the last `recipe`; empty where it can.

    Signals
    -------
    changed()
        Any of them, by the learner.
    """

    changed = Signal()

    def __init__(
        self, parts: list[tuple[str, str, bool]], layers: list[tuple[str, str]] | None = None
    ) -> None:
        super().__init__(name="export-form")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.setContentsMargins(24, 20, 24, 16)
        first = [
            ("training", tr("Training")),
            ("closeup", tr("One step")),
            ("story", tr("A weight")),
        ]
        self._scene = Choice(
            [*first, *registry.filmed()], name="export-scene", label=tr("What is filmed")
        )
        self._scene.setToolTip(
            tr(
                "Training: step after step. One step: its instructions in close-up, with moving windows. "
                "A weight: its value, gradient and update over the steps. "
                "The others are those of Look inside, of what is chosen there, and races of Optimizers."
            )
        )
        self.looked_at: dict[str, Any] = {}
        self.problem = ""
        self._layer = Choice(
            [("", tr("The first window")), *(layers or [])], name="export-layer", label=tr("Layer")
        )
        self._layer.setToolTip(tr("The layer whose instructions are filmed, forward and back."))
        self._weights: dict[str, int] = {}
        self._scene.set_value("training")
        self._row(tr("Film of"), self._scene)
        self._weight = Choice([], name="export-weight", label=tr("Weight"), width=168)
        self._weight.setToolTip(tr("The weight whose story is filmed."))
        self._cell = TextField(name="export-cell", label=tr("Cell of the weight, counted from 1"))
        self._cell.setToolTip(tr("Which number of the weight, counted from 1: row, column."))
        self._cell.setFixedWidth(80)
        self._channel = NumberField(
            name="export-channel", label=tr("Channel, counted from 1"), minimum=1, maximum=99_999, width=72
        )  # fmt: skip
        self._channel.setToolTip(
            tr("Which channel or unit of the layer is filmed, counted from 1.")
        )
        self._rows = [self._row(tr("Layer"), self._layer, more=self._channel)]
        self._rows.append(self._row(tr("Weight"), self._weight, more=self._cell))
        self._scene.chosen.connect(self._on_changed)
        self._layer.chosen.connect(self._on_changed)
        self._channel.entered.connect(self._on_changed)
        self._weight.chosen.connect(self._on_weight)
        self._cell.textEdited.connect(self._on_changed)
        self.body.addSpacing(8)
        self.body.addWidget(Label(tr("Format"), "section", "tx2"))
        self.body.addSpacing(8)
        self._cards = FormatCards()
        self.body.addWidget(self._cards)
        self.body.addSpacing(12)
        self._size = Choice(
            [(f"{w}x{h}", f"{w} × {h}") for w, h in SIZES], name="export-size", label=tr("Size")
        )
        self._size.set_value("1280x720")
        self._rate = Segmented(
            [(str(rate), str(rate)) for rate in RATES],
            name="export-rate", label=tr("Frame rate"), mono=True,
        )  # fmt: skip
        self._rate.set_value("30")
        self._seconds = _LengthField(
            name="export-seconds", label=tr("Length in seconds, 0 for automatic"),
            minimum=0, maximum=1200,
        )  # fmt: skip
        self._theme = Segmented(
            [("dark", tr("Dark")), ("light", tr("Light"))], name="export-theme", label=tr("Theme")
        )
        self._caption = TextField(name="export-caption", label=tr("Caption"))
        self._row(tr("Size"), self._size)
        self._row(tr("Frame rate"), self._rate, tr("fps"))
        self._row(tr("Length"), self._seconds, tr("s"))
        self._row(tr("Theme"), self._theme)
        self._row(tr("Caption"), self._caption, stretch=True)
        self.body.addSpacing(12)
        self.body.addWidget(Line())
        self.body.addSpacing(12)
        self.body.addWidget(Label(tr("Include"), "section", "tx2"))
        self.body.addSpacing(4)
        self._toggles: dict[str, Toggle] = {}
        for name, label, on in parts:
            self._toggles[name] = self._switch(name, label, on)
        self.body.addStretch(1)
        self._cards.chosen.connect(self._on_changed)
        self._size.chosen.connect(self._on_changed)
        self._rate.chosen.connect(self._on_changed)
        self._theme.chosen.connect(self._on_changed)
        self._seconds.entered.connect(self._on_changed)
        self._caption.textEdited.connect(self._on_changed)

    def _row(
        self,
        label: str,
        field: QWidget,
        unit: str = "",
        *,
        stretch: bool = False,
        more: QWidget | None = None,
    ) -> QWidget:
        holder = QWidget()
        holder.setProperty("clear", True)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(16)
        words = Label(label, "label", "tx2")
        words.setFixedWidth(72)
        row.addWidget(words)
        row.addWidget(field, 1 if stretch else 0)
        if more is not None:
            row.addWidget(more)
        if unit:
            row.addWidget(Label(unit, "label", "tx2"))
        if more is not None or (not stretch and not isinstance(field, Choice)):
            row.addStretch(1)
        self.body.addWidget(holder)
        return holder

    def _switch(self, name: str, label: str, on: bool) -> Toggle:
        row = QHBoxLayout()
        row.setContentsMargins(0, 4, 0, 4)
        toggle = Toggle(name=f"export-part-{name}", label=label)
        toggle.setChecked(on)
        words = Label(label, "body", "tx" if on else "tx2")
        toggle.toggled.connect(lambda state, words=words: words.set_tone("tx" if state else "tx2"))
        toggle.clicked.connect(self._on_changed)
        row.addWidget(words)
        row.addStretch(1)
        row.addWidget(toggle)
        self.body.addLayout(row)
        return toggle

    def _on_changed(self, *_: object) -> None:
        training, weight = (self._scene.value == name for name in ("training", "story"))
        layers = self._scene.value == "closeup" or self._has("film_layers")
        self._channel.setVisible(self._has("film_channels"))
        without = tr("The first window") if not self._has("film_layers") else tr("As usual")
        self._layer.setItemText(0, tr("All layers") if self._scene.value == "filters" else without)
        for holder, shown in zip(self._rows, (layers, weight), strict=True):
            holder.setVisible(shown)
        for toggle in self._toggles.values():
            toggle.setEnabled(training)
        film = by_id(self.format).kind != "still"
        for field in (self._rate, self._seconds):
            field.setEnabled(film)
        self.changed.emit()

    def _has(self, name: str) -> bool:
        """Whether the scene that is filmed has something that is chosen."""
        return bool(getattr(registry.scene(self._scene.value or "training"), name, False))

    # Values

    def _on_weight(self, *_: object) -> None:
        axes = dict(self._weights).get(self._weight.value, 0)
        self._cell.set_value(", ".join(["1"] * axes))
        self._on_changed()

    def set_weights(self, weights: dict[str, int]) -> None:
        """Offer these weights, each with its number of axes; the chosen one stays where it is still there."""
        if weights == self._weights:
            return
        chosen, cell = self._weight.value, self._cell.text()
        self._weights = weights
        self._weight.clear()
        for name in weights:
            self._weight.addItem(name, name)
        if chosen in weights:
            self._weight.set_value(chosen)
            self._cell.set_value(cell)
        else:
            self._on_weight()

    def film(self, scene: str, toggles: dict[str, Any]) -> None:
        """Film what is looked at: the instructions of a layer in a step, a weight, or what Look inside shows."""
        self._scene.set_value(scene)
        self.looked_at = dict(toggles)
        if scene == "story" and str(toggles.get("tensor", "")) in self._weights:
            self._weight.set_value(str(toggles["tensor"]))
            self._cell.set_value(", ".join(str(k + 1) for k in toggles.get("cell", ())))
        else:
            own = toggles.get("of", {}).get(scene, {})
            self._layer.set_value(str(own.get("layer", toggles.get("layer", ""))))
            self._channel.set_amount(float(int(own.get("channel", toggles.get("channel", 0))) + 1))
        self._on_changed()

    def _switches(self) -> dict[str, Any]:
        """The toggles of the recipe; a cell that cannot be read is a `problem`, and the first one is filmed."""
        self.problem = ""
        if self._scene.value == "closeup":
            looked_at = {} if "of" in self.looked_at else self.looked_at
            return looked_at | {"layer": self._layer.value}
        if self._scene.value == "training":
            return {name: on.isChecked() for name, on in self._toggles.items()}
        if self._scene.value != "story":
            return self._of_inside()
        row = {k: v for k, v in self.looked_at.items() if k == "row"}
        if self._weight.value not in self._weights:
            return row
        cell: tuple[int, ...] = ()
        try:
            _, cell = parse_number(f"{self._weight.value}[{self._cell.text()}]")
        except ExportUsageError as error:
            self.problem = str(error)
        return row | {"tensor": self._weight.value, "cell": list(cell)}

    def _of_inside(self) -> dict[str, Any]:
        """The toggles of a film of Look inside; a layer and a channel only where the scene has them."""
        if "of" not in self.looked_at:
            kept = {}
        else:
            apart = ("layer", "channel", "sample", "racer", "of")
            kept = {k: v for k, v in self.looked_at.items() if k not in apart}
            kept |= self.looked_at["of"].get(self._scene.value, {})
            kept.pop("layer", None)
        if self._has("film_layers") and self._layer.value:
            kept["layer"] = self._layer.value
        if self._has("film_channels") and self._layer.value:
            kept["channel"] = int(self._channel.value()) - 1
        return kept

    @property
    def format(self) -> str:
        """Id of the chosen format."""
        return self._cards.value

    @property
    def scene(self) -> str:
        """Name of the scene that is filmed."""
        return self._scene.value or "training"

    @property
    def caption(self) -> str:
        """What is written over the film."""
        return self._caption.text()

    def set_caption(self, text: str) -> None:
        """Show a caption without announcing it."""
        self._caption.set_value(text)

    def recipe(self) -> Recipe:
        """Return the settings as a recipe, without the range."""
        width, _, height = self._size.value.partition("x")
        seconds = self._seconds.value()
        return Recipe(
            scene=self._scene.value or "training",
            format=self.format,
            width=int(width),
            height=int(height),
            fps=int(self._rate.value),
            theme="light" if self._theme.value == "light" else "dark",
            seconds=seconds if seconds > 0 else None,
            caption=self._caption.text().strip(),
            toggles=self._switches(),
            sample=self.looked_at.get("sample") if "of" in self.looked_at else None,
        )

    def values(self) -> dict[str, Any]:
        """Return what to remember for the next export."""
        return {
            "format": self.format,
            "size": self._size.value,
            "rate": self._rate.value,
            "seconds": self._seconds.value(),
            "theme": self._theme.value,
        }

    def set_values(self, values: dict[str, Any]) -> None:
        """Show remembered values; unknown ones are ignored."""
        self._cards.set_value(str(values.get("format", "")))
        self._size.set_value(str(values.get("size", "")))
        for choice, name in ((self._rate, "rate"), (self._theme, "theme")):
            # Of these one holds always.
            if values.get(name):
                choice.set_value(str(values[name]))
        seconds = values.get("seconds")
        if isinstance(seconds, int | float):
            self._seconds.set_amount(float(seconds))
        self._on_changed()
