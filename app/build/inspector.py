"""The inspector: settings of the selected layer, its formulas and its weights."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import text, theme
from app.build import formulas
from app.build.form import Row
from app.build.weights import WeightsView
from app.bus import CommandError
from app.commands import kind_title
from app.snapshots import Probe, Snapshot
from app.text import tr
from app.widgets import (
    Button,
    Header,
    Label,
    Line,
    Panel,
    RichLabel,
    ScrollPanel,
    TextField,
)
from app.workspace import WindowContext
from core.layers import registry


class Inspector(Panel):
    """The right panel. It reads the document and gives commands."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__(name="inspector", edges="l")
        self._context = context
        self._layer: str | None = None
        self._rows: dict[str, Row] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        self._header = Header(tr("Layer"), mono=True)
        self._trash = Button(name="inspector-remove", kind="ghost", icon="trash")
        self._trash.setAccessibleName(tr("Remove layer"))
        self._trash.setToolTip(tr("Remove layer (Delete)"))
        self._trash.clicked.connect(self._on_remove)
        self._header.row.addWidget(self._trash)
        self._header.row.setContentsMargins(16, 0, 8, 0)
        column.addWidget(self._header)
        self._scroll = ScrollPanel(name="inspector-scroll")
        column.addWidget(self._scroll, 1)
        self._empty = Label(tr("Select a layer to change its settings."), "body", "tx2", wrap=True)
        self._empty.setContentsMargins(16, 16, 16, 16)
        self._scroll.body.addWidget(self._empty)
        self._content = QWidget()
        self._content.setProperty("clear", True)
        self._content_column = QVBoxLayout(self._content)
        self._content_column.setContentsMargins(0, 0, 0, 0)
        self._content_column.setSpacing(0)
        self._scroll.body.addWidget(self._content)
        self._scroll.body.addStretch(1)
        document = context.document
        document.changed.connect(self.refresh)
        document.selection_changed.connect(self.refresh)
        context.theme_changed.connect(self._on_theme)
        self.refresh()

    # Parts

    def _build(self, kind: str) -> None:
        """Make the form of a kind of layer."""
        while self._content_column.count():
            widget = self._content_column.takeAt(0).widget()
            if widget is not None:
                widget.deleteLater()
        self._rows = {}
        self._add_problem()
        self._add_form(kind)
        self._size = _FormulaView(tr("Output size"), "formula-size")
        self._count = _FormulaView(tr("Parameters"), "formula-parameters")
        for view in (self._size, self._count):
            self._content_column.addWidget(view)
        self._add_weights()

    def _add_problem(self) -> None:
        self._problem = QWidget()
        self._problem.setProperty("clear", True)
        box = QVBoxLayout(self._problem)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(6)
        self._problem_title = Label("", "strong", "err", name="inspector-problem", wrap=True)
        self._problem_text = Label("", "label", "tx2", wrap=True)
        self._fix = Button(name="inspector-fix", kind="primary")
        self._fix.clicked.connect(lambda: self._context.do("layer.fix", layer=self._layer))
        for widget in (self._problem_title, self._problem_text):
            box.addWidget(widget)
        box.addWidget(self._fix, 0, Qt.AlignmentFlag.AlignLeft)
        self._content_column.addWidget(self._problem)
        self._problem_line = Line()
        self._content_column.addWidget(self._problem_line)

    def _add_form(self, kind: str) -> None:
        holder = QWidget()
        holder.setProperty("clear", True)
        form = QVBoxLayout(holder)
        form.setContentsMargins(16, 8, 16, 8)
        form.setSpacing(0)
        settings = registry.kind(kind).settings if registry.known(kind) else ()
        for setting in settings:
            row = Row(setting)
            row.changed.connect(self._on_changed)
            row.settled.connect(self._context.document.settle)
            form.addWidget(row)
            self._rows[setting.name] = row
        line = QHBoxLayout()
        line.setContentsMargins(0, 4, 0, 4)
        words = Label(tr("Name"), "label", "tx2")
        words.setMinimumHeight(28)
        self._name = TextField(name="field-name", label=tr("Name"), mono=True)
        self._name.setFixedWidth(176)
        self._name.entered.connect(self._on_renamed)
        line.addWidget(words)
        line.addStretch(1)
        line.addWidget(self._name)
        form.addLayout(line)
        self._name_problem = Label("", "hint", "err", name="problem-name", wrap=True)
        self._name_problem.hide()
        form.addWidget(self._name_problem)
        self._content_column.addWidget(holder)

    def _add_weights(self) -> None:
        self._weights_box = QWidget()
        self._weights_box.setProperty("clear", True)
        column = QVBoxLayout(self._weights_box)
        column.setContentsMargins(0, 0, 0, 16)
        column.setSpacing(12)
        column.addWidget(Line())
        row = QHBoxLayout()
        row.setContentsMargins(16, 4, 16, 0)
        self._weights_title = Label(tr("Filters"), "section", "tx2")
        self._weights_when = RichLabel("", "label", "tx2")
        row.addWidget(self._weights_title)
        row.addStretch(1)
        row.addWidget(self._weights_when)
        column.addLayout(row)
        self._weights = WeightsView()
        inside = QHBoxLayout()
        inside.setContentsMargins(16, 0, 16, 0)
        inside.addWidget(self._weights)
        column.addLayout(inside)
        self._weights_box.hide()
        self._content_column.addWidget(self._weights_box)

    # Showing

    def refresh(self) -> None:
        """Show what the document says of the selected layer."""
        document = self._context.document
        layer_id = document.selection
        self._empty.setVisible(layer_id is None)
        self._content.setVisible(layer_id is not None)
        self._trash.setVisible(layer_id is not None)
        if layer_id is None:
            self._layer = None
            self._header.title.setText(tr("Layer"))
            self._header.subtitle.setText("")
            return
        layer = document.network.layer(layer_id)
        if layer_id != self._layer:
            self._layer = layer_id
            self._build(layer.kind)
        self._header.title.setText(kind_title(layer.kind))
        self._header.subtitle.setText(layer.name)
        for name, row in self._rows.items():
            if row.setting.optional and row.setting.type == "pair":
                row.set_fallback(layer.config.get("pool_size") or [1, 1])
            row.show_value(layer.config.get(name, row.setting.default))
        self._name.set_value(layer.name)
        self._name_problem.hide()
        self._show_problem()
        rows = {row.layer: row for row in document.inspection.rows}
        found = rows.get(layer_id)
        known = found is not None and registry.known(layer.kind)
        self._size.show_formula(formulas.output_size(layer, found) if known and found else None)
        self._count.show_formula(
            formulas.parameter_count(layer, found) if known and found else None
        )
        self.show_snapshot(self._context.engine.latest if self._context.attached else None)

    def _show_problem(self) -> None:
        problems = [p for p in self._context.document.inspection.problems if p.layer == self._layer]
        self._problem.setVisible(bool(problems))
        self._problem_line.setVisible(bool(problems))
        if problems:
            problem = problems[0]
            self._problem_title.setText(problem.title)
            self._problem_text.setText(problem.sentence)
            self._fix.setVisible(problem.fix is not None)
            if problem.fix is not None:
                self._fix.set_label(problem.fix.label)
                self._fix.setAccessibleName(problem.fix.label)

    def probes(self) -> tuple[Probe, ...]:
        """Return what the weights picture wants in each snapshot."""
        document = self._context.document
        if document.selection is None:
            return ()
        layer = document.network.layer(document.selection)
        rows = {row.layer: row for row in document.inspection.rows}
        row = rows.get(layer.id)
        if layer.kind not in ("Conv2D", "Dense") or row is None or row.skipped:
            return ()
        if not 0 < row.parameters <= 200_000:
            return ()
        return (Probe(f"{layer.id}/kernel"),)

    def show_snapshot(self, snapshot: Snapshot | None) -> None:
        """Show the weights of a snapshot."""
        if self._layer is None:
            return
        kernel = snapshot.get(f"{self._layer}/kernel") if snapshot is not None else None
        self._weights_box.setVisible(kernel is not None)
        if snapshot is None or kernel is None:
            return
        self._weights_title.setText(tr("Filters") if kernel.ndim == 4 else tr("Weights"))
        epoch = snapshot.position.epoch
        number = f'<span style="color:{theme.current().css("tx")}">{text.number(epoch)}</span>'
        when = tr("after epoch {number}", number=number) if epoch else tr("at step {number}",
               number=number.replace(f">{epoch}<", f">{snapshot.position.step:,}<"))  # fmt: skip
        self._weights_when.setText(when)
        self._weights.show_kernel(kernel)

    def focus_form(self) -> None:
        """Put the keyboard on the first setting."""
        if self._layer is None:
            return
        if self._problem.isVisible() and self._fix.isVisible():
            self._fix.setFocus(Qt.FocusReason.TabFocusReason)
            return
        for child in self._content.findChildren(QWidget):
            if child.isVisible() and child.focusPolicy() & Qt.FocusPolicy.TabFocus:
                child.setFocus(Qt.FocusReason.TabFocusReason)
                return

    # Doing

    def _on_changed(self, name: str, value: object) -> None:
        try:
            self._context.bus.do("layer.configure", layer=self._layer, **{name: value})
        except CommandError as error:
            self._rows[name].show_problem(str(error))

    def _on_renamed(self, name: str) -> None:
        try:
            self._context.bus.do("layer.rename", layer=self._layer, name=name)
        except CommandError as error:
            self._name_problem.setText(str(error))
            self._name_problem.show()

    def _on_remove(self) -> None:
        if self._layer is not None:
            self._context.do("layer.remove", layer=self._layer)

    def _on_theme(self) -> None:
        self._layer = None
        self.refresh()


class _FormulaView(QWidget):
    """A section with a rule, the rule with numbers, and the meaning of its letters."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("clear", True)
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
