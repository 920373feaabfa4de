"""The right side of the export dialog: format, size, rate, theme, caption, parts."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.export.cards import FormatCards
from app.export.formats import by_id
from app.export.recipe import RATES, SIZES, Recipe
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
        self._scene = Segmented(
            [("training", tr("Training")), ("closeup", tr("One step"))],
            name="export-scene", label=tr("What is filmed"),
        )  # fmt: skip
        self._scene.setToolTip(
            tr(
                "Training: step after step. One step: its instructions in close-up, with moving windows."
            )
        )
        self._layer = Choice(
            [("", tr("The first window")), *(layers or [])], name="export-layer", label=tr("Layer")
        )
        self._layer.setToolTip(tr("The layer whose instructions are filmed, forward and back."))
        self._scene.set_value("training")
        self._row(tr("Film of"), self._scene)
        self._row(tr("Layer"), self._layer)
        self._scene.chosen.connect(self._on_changed)
        self._layer.chosen.connect(self._on_changed)
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

    def _row(self, label: str, field: QWidget, unit: str = "", *, stretch: bool = False) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(16)
        words = Label(label, "label", "tx2")
        words.setFixedWidth(72)
        row.addWidget(words)
        row.addWidget(field, 1 if stretch else 0)
        if unit:
            row.addWidget(Label(unit, "label", "tx2"))
        if not stretch and not isinstance(field, Choice):
            row.addStretch(1)
        self.body.addLayout(row)

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
        training = self._scene.value == "training"
        self._layer.setEnabled(not training)
        for toggle in self._toggles.values():
            toggle.setEnabled(training)
        film = by_id(self.format).kind != "still"
        for field in (self._rate, self._seconds):
            field.setEnabled(film)
        self.changed.emit()

    # Values

    def show_step(self, layer: str = "") -> None:
        """Film the instructions of one step: those of a layer."""
        self._scene.set_value("closeup")
        self._layer.set_value(layer)
        self._on_changed()

    @property
    def format(self) -> str:
        """Id of the chosen format."""
        return self._cards.value

    def set_caption(self, text: str) -> None:
        """Show a caption without announcing it."""
        self._caption.set_value(text)

    def recipe(self) -> Recipe:
        """Return the settings as a recipe, without the range."""
        width, _, height = self._size.value.partition("x")
        seconds = self._seconds.value()
        step = self._scene.value == "closeup"
        toggles: dict[str, Any] = {name: on.isChecked() for name, on in self._toggles.items()}
        return Recipe(
            scene="closeup" if step else "training",
            format=self.format,
            width=int(width),
            height=int(height),
            fps=int(self._rate.value),
            theme="light" if self._theme.value == "light" else "dark",
            seconds=seconds if seconds > 0 else None,
            caption=self._caption.text().strip(),
            toggles={"layer": self._layer.value} if step else toggles,
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
        self._rate.set_value(str(values.get("rate", "")))
        self._theme.set_value(str(values.get("theme", "")))
        seconds = values.get("seconds")
        if isinstance(seconds, int | float):
            self._seconds.set_amount(float(seconds))
        self._on_changed()
