"""The form of one kind of layer: problem, settings, name, formulas, weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.build import formulas
from app.build.form import Row
from app.build.weights import WeightsView
from app.text import tr
from app.widgets import Button, Hints, Label, Line, RichLabel, TextField
from core.layers.settings import Setting
from core.spec import Layer, Problem


class LayerForm(QWidget):
    """Shows any layer of its kind.

    Signals
    -------
    changed(str, object)
        A setting and the value wanted.
    settled()
        A drag ended.
    renamed(str)
        Another name is wanted.
    """

    changed = Signal(str, object)
    settled = Signal()
    renamed = Signal(str)

    def __init__(self, settings: Sequence[Setting]) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._rows: dict[str, Row] = {}
        self._has_names = True
        self._add_problem()
        self.hints = Hints(name="inspector-hint", margin=16)
        self._column.addWidget(self.hints)
        self._add_rows(settings)
        self._size = _FormulaView(tr("Output size"), "formula-size")
        self._count = _FormulaView(tr("Parameters"), "formula-parameters")
        self._column.addWidget(self._size)
        self._column.addWidget(self._count)
        self._add_weights()

    # Parts

    def _add_problem(self) -> None:
        self._problem = QWidget()
        box = QVBoxLayout(self._problem)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(6)
        self._problem_title = Label("", "strong", "err", name="inspector-problem", wrap=True)
        self._problem_text = Label("", "label", "tx2", wrap=True)
        self.fix = Button(name="inspector-fix", kind="primary")
        box.addWidget(self._problem_title)
        box.addWidget(self._problem_text)
        box.addWidget(self.fix, 0, Qt.AlignmentFlag.AlignLeft)
        self._problem_line = Line()
        self._column.addWidget(self._problem)
        self._column.addWidget(self._problem_line)

    def _add_rows(self, settings: Sequence[Setting]) -> None:
        holder = QVBoxLayout()
        holder.setContentsMargins(16, 8, 16, 8)
        holder.setSpacing(0)
        for setting in settings:
            if setting.type in ("constraint", "data_format", "none"):
                # Only one value is taken so far: nothing to choose.
                continue
            row = Row(setting)
            row.changed.connect(self.changed)
            row.settled.connect(self.settled)
            holder.addWidget(row)
            self._rows[setting.name] = row
        line = QHBoxLayout()
        line.setContentsMargins(0, 4, 0, 4)
        words = Label(tr("Name"), "label", "tx2")
        words.setMinimumHeight(28)
        self._name = TextField(name="field-name", label=tr("Name"), mono=True)
        self._name.setFixedWidth(176)
        self._name.entered.connect(self.renamed)
        line.addWidget(words)
        line.addStretch(1)
        line.addWidget(self._name)
        holder.addLayout(line)
        self._name_problem = Label("", "hint", "err", name="problem-name", wrap=True)
        self._name_problem.hide()
        holder.addWidget(self._name_problem)
        self._column.addLayout(holder)

    def _add_weights(self) -> None:
        self._weights_box = QWidget()
        column = QVBoxLayout(self._weights_box)
        column.setContentsMargins(0, 0, 0, 16)
        column.setSpacing(12)
        column.addWidget(Line())
        row = QHBoxLayout()
        row.setContentsMargins(16, 4, 16, 0)
        self._weights_title = Label(tr("Filters"), "section", "tx2")
        self._weights_when = RichLabel("", "label", "tx2")
        row.addWidget(self._weights_title)
        self._channel = QWidget()
        choice = QHBoxLayout(self._channel)
        choice.setContentsMargins(0, 0, 0, 0)
        choice.setSpacing(2)
        for step, icon, words in (
            (-1, "chevron-left", tr("Previous input channel")),
            (1, "chevron-right", tr("Next input channel")),
        ):
            button = Button(
                name="weights-previous" if step < 0 else "weights-next", kind="ghost", icon=icon,
                icon_size=14, height=20,
            )  # fmt: skip
            button.setAccessibleName(words)
            button.setToolTip(words)
            button.clicked.connect(lambda _=False, s=step: self._show_channel(s))
            choice.addWidget(button)
        self._channel_text = Label("", "label", "tx2", name="weights-channel")
        self._channel_text.setToolTip(tr("Each filter has a part for every channel of its input"))
        choice.insertWidget(1, self._channel_text)
        row.addWidget(self._channel)
        row.addStretch(1)
        row.addWidget(self._weights_when)
        column.addLayout(row)
        self._weights = WeightsView()
        inside = QHBoxLayout()
        inside.setContentsMargins(16, 0, 16, 0)
        inside.addWidget(self._weights)
        column.addLayout(inside)
        self._weights_box.hide()
        self._column.addWidget(self._weights_box)

    def set_names(self, shown: bool) -> None:
        """Give the controls their names, or take them while another form is shown."""
        if shown == self._has_names:
            return
        self._has_names = shown
        for widget in self.findChildren(QWidget):
            if shown and widget.property("own-name"):
                widget.setObjectName(widget.property("own-name"))
            elif not shown and widget.objectName():
                widget.setProperty("own-name", widget.objectName())
                widget.setObjectName("")

    # Showing

    def show_layer(self, layer: Layer) -> None:
        """Show a layer's settings; refusals shown before are forgotten."""
        for name, row in self._rows.items():
            pool = layer.config.get("pool_size")
            if row.setting.optional and row.setting.type == "pair":
                least = int(row.setting.minimum or 0)
                row.set_fallback(pool or [least, least])
            elif row.setting.optional and row.setting.name == "strides" and pool:
                row.set_fallback([pool] if isinstance(pool, int) else pool)
            row.show_value(layer.config.get(name, row.setting.default))
        self._name.set_value(layer.name)
        self._name_problem.hide()

    def show_problem(self, problem: Problem | None) -> None:
        """Show what is wrong with the layer, and its repair."""
        self._problem.setVisible(problem is not None)
        self._problem_line.setVisible(problem is not None)
        if problem is None:
            self.fix.hide()
            return
        self._problem_title.setText(problem.title)
        self._problem_text.setText(problem.sentence)
        self.fix.setVisible(problem.fix is not None)
        if problem.fix is not None:
            self.fix.set_label(problem.fix.label)
            self.fix.setAccessibleName(problem.fix.label)

    def show_formulas(self, size: formulas.Formula | None, count: formulas.Formula | None) -> None:
        """Show how the output's size and the number of parameters come about."""
        self._size.show_formula(size)
        self._count.show_formula(count)

    def show_kernel(self, kernel: np.ndarray | None, when: str) -> None:
        """Show the weights, and when they were these."""
        self._weights_box.setVisible(kernel is not None)
        if kernel is None:
            return
        self._weights_title.setText(tr("Filters") if kernel.ndim == 4 else tr("Weights"))
        self._weights_when.setText(when)
        self._weights.show_kernel(kernel)
        self._show_channel(0)

    def _show_channel(self, step: int) -> None:
        """Show the filters' part for the input channel `step` further."""
        weights = self._weights
        weights.show_channel(weights.channel + step)
        self._channel.setVisible(weights.channels > 1)
        words = tr("channel {k} of {n}", k=weights.channel + 1, n=weights.channels)
        if words != self._channel_text.text():
            self._channel_text.setText(words)

    def refuse(self, name: str, sentence: str) -> None:
        """Say why a value was refused, at its row."""
        if name == "name":
            self._name_problem.setText(sentence)
            self._name_problem.show()
        else:
            self._rows[name].show_problem(sentence)


class _FormulaView(QWidget):
    """A section with a rule, the rule with numbers, and the meaning of its letters."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 16)
        column.setSpacing(0)
        column.addWidget(Line())
        inside = QVBoxLayout()
        inside.setContentsMargins(16, 16, 16, 0)
        inside.setSpacing(4)
        column.addLayout(inside)
        inside.addWidget(Label(title, "section", "tx2"))
        inside.addSpacing(4)
        self._rule = Label("", "formula", "tx2", name=f"{name}-rule", wrap=True)
        self._numbers = RichLabel("", "formula", "tx2", name=f"{name}-numbers", wrap=True)
        self._legend = RichLabel("", "hint", "tx3")
        for widget in (self._rule, self._numbers, self._legend):
            inside.addWidget(widget)

    def show_formula(self, formula: formulas.Formula | None) -> None:
        """Show a formula; without one the section goes away."""
        self.setVisible(formula is not None)
        if formula is None:
            return
        strong = theme.current().css("tx")
        self._rule.setText(formula.rule)
        self._numbers.setText("<br>".join(formulas.html(line, strong) for line in formula.numbers))
        self._numbers.setVisible(bool(formula.numbers))
        words = [
            f"<span style=\"font-family:'JetBrains Mono'\">{letter}</span> {word}"
            for letter, word in formula.legend
        ]
        self._legend.setText("&nbsp;&nbsp;&nbsp; ".join(words))
        self._legend.setVisible(bool(words))
