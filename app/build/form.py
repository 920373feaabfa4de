"""A form made from a layer's settings: one row for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.build import typed
from app.build.arguments import Arguments
from app.text import tr
from app.widgets import (
    Choice,
    Label,
    NumberField,
    Segmented,
    Slider,
    Sparkline,
    TextField,
    Toggle,
)
from core.layers import registry
from core.layers.settings import Setting, both_sides

#: What a slider reaches at most, as a multiple of the setting's default; fields reach the bound.
_SLIDER_REACH = 32
_LOGARITHMIC_FROM = 50.0

#: What a choice holds for no regularizer.
_NONE = "none"


class Row(QWidget):
    """One setting: its label, its control, and a sentence if a value was refused.

    Signals
    -------
    changed(str, object)
        Name of the setting and the value wanted.
    settled()
        A drag ended.
    """

    changed = Signal(str, object)
    settled = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.setObjectName(f"row-{setting.name}")
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(2)
        self._line = QHBoxLayout()
        self._line.setSpacing(8)
        words = Label(tr(setting.label), "label", "tx2")
        words.setToolTip(tr(setting.help))
        words.setMinimumHeight(28)
        self._line.addWidget(words)
        self._line.addStretch(1)
        column.addLayout(self._line)
        self._problem = Label("", "hint", "err", name=f"problem-{setting.name}", wrap=True)
        self._problem.hide()
        column.addWidget(self._problem)
        self._fields: list[NumberField] = []
        self._fallback: list[int] = []
        self._show = self._make()
        self.setToolTip(tr(setting.help))

    def show_value(self, value: Any) -> None:
        """Show the document's value and forget a refusal."""
        self._show(value)
        self._problem.hide()
        for field in self._fields:
            field.set_error(False)

    def show_problem(self, sentence: str) -> None:
        """Say why a value was refused."""
        self._problem.setText(sentence)
        self._problem.show()
        for field in self._fields:
            field.set_error(True)

    def _say(self, value: Any) -> None:
        self.changed.emit(self.setting.name, value)

    def _make(self) -> Callable[[Any], None]:
        makers = {
            "int": self._make_number,
            "float": self._make_number,
            "bool": self._make_toggle,
            "choice": self._make_choice,
            "initializer": self._make_object,
            "regularizer": self._make_object,
            "layer": self._make_layer,
            "pair": self._make_numbers,
            "pairs": self._make_numbers,
            "shape": self._make_numbers,
            "axes": self._make_written,
            "sizes": self._make_written,
        }
        if self.setting.optional and self.setting.type in ("int", "float"):
            return self._make_written()
        return makers.get(self.setting.type, self._make_text)()

    def _make_number(self) -> Callable[[Any], None]:
        setting = self.setting
        whole = setting.type == "int"
        low = float(setting.minimum if setting.minimum is not None else 0)
        base = float(setting.default or 1)
        high = float(setting.maximum if setting.maximum is not None else base * _SLIDER_REACH)
        high = min(high, max(base * _SLIDER_REACH, low + setting.step))
        logarithmic = low > 0 and high / low > _LOGARITHMIC_FROM
        slider = Slider(
            low, high, name=f"slider-{setting.name}", label=tr(setting.label), step=setting.step,
            default=base, logarithmic=logarithmic,
        )  # fmt: skip
        slider.setFixedWidth(96)
        field = NumberField(
            name=f"field-{setting.name}", label=tr(setting.label), whole=whole, step=setting.step,
            minimum=setting.minimum, maximum=setting.maximum, width=72,
        )  # fmt: skip
        self._fields.append(field)

        def on_slider(value: float) -> None:
            self._say(round(value) if whole else value)

        def on_field(value: float) -> None:
            self.settled.emit()
            self._say(int(value) if whole and value == int(value) else value)

        slider.moved.connect(on_slider)
        slider.settled.connect(self.settled)
        field.entered.connect(on_field)
        self._line.addWidget(slider)
        self._line.addSpacing(4)
        self._line.addWidget(field)

        def show(value: Any) -> None:
            absent = self._fallback[0] if self._fallback else base
            number = float(absent if value is None else value)
            if not slider.isSliderDown():
                slider.set_amount(number)
            field.set_amount(number)

        return show

    def _make_toggle(self) -> Callable[[Any], None]:
        toggle = Toggle(name=f"toggle-{self.setting.name}", label=tr(self.setting.label))
        toggle.clicked.connect(lambda: self._say(toggle.isChecked()))
        self._line.addWidget(toggle)
        return lambda value: toggle.setChecked(bool(value))

    def _make_choice(self) -> Callable[[Any], None]:
        setting = self.setting
        name, label = f"choice-{setting.name}", tr(setting.label)
        if len(setting.choices) <= 3:
            segments = Segmented([(c, c) for c in setting.choices], name=name, label=label)
            segments.chosen.connect(self._say)
            self._line.addWidget(segments)
            return lambda value: segments.set_value(str(value or setting.choices[0]))
        activation = "activation" in setting.name
        options = [
            (c, c if activation else c.replace("_", " ").capitalize()) for c in setting.choices
        ]
        choice = Choice(options, name=name, label=label, width=128 if activation else 176)
        choice.chosen.connect(self._say)
        curve = Sparkline() if activation else None
        if curve is not None:
            self._line.addWidget(curve)
        self._line.addWidget(choice)

        def show(value: Any) -> None:
            shown = str(value or setting.default or setting.choices[0])
            choice.set_value(shown)
            if curve is not None:
                curve.set_function(shown)

        return show

    def _make_object(self) -> Callable[[Any], None]:
        """A choice among the names of an initializer or regularizer, and its arguments below."""
        setting = self.setting
        options = [(c, c.replace("_", " ").capitalize()) for c in setting.choices]
        if setting.optional:
            options.insert(0, (_NONE, tr("None")))
        choice = Choice(options, name=f"choice-{setting.name}", label=tr(setting.label), width=176)
        choice.chosen.connect(lambda name: self._say(None if name == _NONE else name))
        self._line.addWidget(choice)
        arguments = Arguments(setting)
        arguments.changed.connect(self._say)
        arguments.settled.connect(self.settled)
        self._column.insertWidget(1, arguments)

        def show(value: Any) -> None:
            choice.set_value(setting.choice_of(value) or _NONE)
            arguments.show_object(value)
            self._fields = arguments.fields

        return show

    def _make_layer(self) -> Callable[[Any], None]:
        """A choice of the inner layer's kind, and its size; its other settings stay, and are told in the tooltip."""
        setting = self.setting
        kinds = setting.choices or [k.__name__ for k in registry.kinds() if k.arity == (1, 1)]
        options = [(kind, kind) for kind in kinds]
        if setting.optional:
            options.insert(0, (_NONE, tr("None")))
        choice = Choice(options, name=f"choice-{setting.name}", label=tr(setting.label), width=112)
        size = NumberField(
            name=f"field-{setting.name}", label=tr("Units of the inner layer"), whole=True, step=1,
            minimum=1, maximum=4096, width=56,
        )  # fmt: skip
        self._fields.append(size)
        self._line.addWidget(choice)
        self._line.addWidget(size)
        shown: dict[str, Any] = {}

        def say(kind: str) -> None:
            names = {s.name for s in registry.kind(kind).settings} if kind != _NONE else set()
            kept = {k: v for k, v in (shown.get("config") or {}).items() if k in names}
            self._say(None if kind == _NONE else {"class_name": kind, "config": kept})

        def resize() -> None:
            config = {**shown.get("config", {}), "units": int(size.value())}
            self.settled.emit()
            self._say({**shown, "config": config})

        choice.chosen.connect(say)
        size.entered.connect(resize)

        def show(value: Any) -> None:
            shown.clear()
            shown.update(value or {})
            config = shown.get("config") or {}
            choice.set_value(shown.get("class_name") or _NONE)
            size.setVisible("units" in config)
            if "units" in config:
                size.set_amount(float(config["units"]))
            choice.setToolTip(
                ", ".join(f"{k} = {v}" for k, v in config.items()) or tr(setting.help)
            )

        return show

    def _make_numbers(self) -> Callable[[Any], None]:
        holder = QHBoxLayout()
        holder.setSpacing(8)
        self._line.addLayout(holder)
        setting = self.setting

        sides = setting.type == "pairs"

        def on_entered() -> None:
            self.settled.emit()
            numbers = [int(field.value()) for field in self._fields]
            self._say([numbers[:2], numbers[2:]] if sides else numbers)

        def build(count: int) -> None:
            while (item := holder.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not None:
                    widget.deleteLater()
            self._fields.clear()
            width = 60 if count <= 2 else 54 if count == 3 else 44
            for place in range(count):
                if place:
                    # Of four, two belong together: top + bottom × left + right.
                    holder.addWidget(Label("+" if sides and place % 2 else "×", "label", "tx3"))
                field = NumberField(
                    name=f"field-{setting.name}-{place}", label=f"{tr(setting.label)} {place + 1}",
                    minimum=setting.minimum, maximum=setting.maximum, width=width,
                )  # fmt: skip
                field.entered.connect(on_entered)
                holder.addWidget(field)
                self._fields.append(field)

        def show(value: Any) -> None:
            numbers = value if value is not None else setting.default
            if numbers is None:
                numbers = self._fallback or [1, 1]
            if sides:
                numbers = [side for both in both_sides(numbers) for side in both]
            if len(numbers) != len(self._fields):
                build(len(numbers))
            for field, number in zip(self._fields, numbers):
                field.set_amount(float(number))

        return show

    def set_fallback(self, numbers: list[int]) -> None:
        """Say what an absent value means: a pooling window moves by its own size."""
        self._fallback = list(numbers)

    def _make_written(self) -> Callable[[Any], None]:
        """Numbers as one writes them: a slider has no place for "none"."""
        setting = self.setting
        field = TextField(name=f"field-{setting.name}", label=tr(setting.label), mono=True)
        field.setFixedWidth(112)
        field.setPlaceholderText(tr("none") if setting.optional else "")
        field.entered.connect(
            lambda text: self._say(typed.read(text, several=setting.type == "sizes"))
        )
        self._line.addWidget(field)

        def show(value: Any) -> None:
            if self._fallback:
                field.setPlaceholderText(typed.shown(self._fallback))
            field.set_value(typed.shown(value))

        return show

    def _make_text(self) -> Callable[[Any], None]:
        field = TextField(name=f"field-{self.setting.name}", label=tr(self.setting.label))
        field.setFixedWidth(176)
        field.entered.connect(self._say)
        self._line.addWidget(field)
        return lambda value: field.set_value("" if value is None else str(value))
