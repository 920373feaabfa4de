"""The inspector: settings of the selected layer, its formulas and its weights."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app import text, theme
from app.build import formulas
from app.build.layer_form import LayerForm
from app.bus import CommandError
from app.commands import kind_title
from app.snapshots import Probe, Snapshot
from app.text import tr
from app.widgets import Button, Header, Label, Panel, ScrollPanel
from app.workspace import WindowContext
from core.layers import registry
from core.spec import Layer


class Inspector(Panel):
    """The right panel. It reads the document and gives commands."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__(name="inspector", edges="l")
        self._context = context
        self._layer: str | None = None
        # Making a form costs 40 ms, showing another value 1 ms: one form for each kind is kept.
        self._forms: dict[str, LayerForm] = {}
        self._form: LayerForm | None = None
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
        self._pages = QStackedWidget()
        column.addWidget(self._pages, 1)
        empty = QWidget()
        empty.setProperty("clear", True)
        inside = QVBoxLayout(empty)
        inside.setContentsMargins(16, 16, 16, 16)
        inside.addWidget(
            Label(tr("Select a layer to change its settings."), "body", "tx2", wrap=True)
        )
        inside.addStretch(1)
        self._pages.addWidget(empty)
        document = context.document
        document.model_changed.connect(self.refresh)
        document.selection_changed.connect(self.refresh)
        context.theme_changed.connect(self.refresh)
        self.refresh()

    @property
    def form(self) -> LayerForm | None:
        """The form that is shown."""
        return self._form

    # Showing

    def refresh(self, *_: object) -> None:
        """Show what the document says of the selected layer."""
        layer_id = self._context.document.selection
        self._trash.setVisible(layer_id is not None)
        self._layer = layer_id
        if layer_id is None:
            self._form = None
            self._pages.setCurrentIndex(0)
            self._header.title.setText(tr("Layer"))
            self._header.subtitle.setText("")
            return
        layer = self._context.document.network.layer(layer_id)
        self._header.title.setText(kind_title(layer.kind))
        self._header.subtitle.setText(layer.name)
        self._form = self._form_of(layer.kind)
        self._fill(self._form, layer)
        self.show_snapshot(self._context.engine.latest if self._context.attached else None)

    def _form_of(self, kind: str) -> LayerForm:
        context, form = self._context, self._forms.get(kind)
        if form is None:
            form = LayerForm(registry.kind(kind).asked() if registry.known(kind) else ())
            form.changed.connect(self._on_changed)
            form.settled.connect(context.document.settle)
            form.renamed.connect(self._on_renamed)
            form.fix.clicked.connect(self._on_fix)
            form.hints.followed.connect(
                lambda layer, title: context.do("advice.follow", layer=layer, title=title)
            )
            form.hints.dismissed.connect(
                lambda layer, title: context.do("advice.dismiss", layer=layer, title=title)
            )
            scroll = ScrollPanel(name=f"inspector-{kind}")
            scroll.body.addWidget(form)
            scroll.body.addStretch(1)
            form.setProperty("page", self._pages.addWidget(scroll))
            self._forms[kind] = form
        self._pages.setCurrentIndex(int(form.property("page")))
        # Names of controls are unique among what can be seen.
        for other in self._forms.values():
            other.set_names(other is form)
        return form

    def _fill(self, form: LayerForm, layer: Layer) -> None:
        inspection = self._context.document.inspection
        found = next((row for row in inspection.rows if row.layer == layer.id), None)
        problem = next((p for p in inspection.problems if p.layer == layer.id), None)
        form.show_layer(layer)
        form.show_problem(problem)
        form.hints.show_advice([a for a in self._context.document.advice if a.layer == layer.id])
        known = found is not None and registry.known(layer.kind)
        size = formulas.output_size(layer, found) if known and found else None
        count = formulas.parameter_count(layer, found) if known and found else None
        form.show_formulas(size, count)

    def probes(self) -> tuple[Probe, ...]:
        """Return what the weights picture wants in each snapshot."""
        document = self._context.document
        if document.selection is None:
            return ()
        layer = document.network.layer(document.selection)
        row = next((row for row in document.inspection.rows if row.layer == layer.id), None)
        if layer.kind not in ("Conv2D", "Dense") or row is None or row.skipped:
            return ()
        if not 0 < row.parameters <= 200_000:
            return ()
        return (Probe(f"{layer.id}/kernel"),)

    def show_snapshot(self, snapshot: Snapshot | None) -> None:
        """Show the weights of a snapshot."""
        if self._form is None:
            return
        kernel = snapshot.get(f"{self._layer}/kernel") if snapshot is not None else None
        when = ""
        if snapshot is not None:
            position = snapshot.position
            strong = f'<span style="color:{theme.current().css("tx")}">'
            if position.epoch:
                when = tr(
                    "after epoch {number}", number=f"{strong}{text.number(position.epoch)}</span>"
                )
            else:
                when = tr("at step {number}", number=f"{strong}{text.number(position.step)}</span>")
        self._form.show_kernel(kernel, when)

    def focus_form(self) -> None:
        """Put the keyboard on the repair of a problem, or on the first setting."""
        form = self._form
        if form is None:
            return
        if not form.fix.isHidden() and form.fix.isVisible():
            form.fix.setFocus(Qt.FocusReason.TabFocusReason)
            return
        for child in form.findChildren(QWidget):
            if child.isVisible() and child.focusPolicy() & Qt.FocusPolicy.TabFocus:
                child.setFocus(Qt.FocusReason.TabFocusReason)
                return

    # Doing

    def _on_changed(self, name: str, value: object) -> None:
        try:
            self._context.bus.do("layer.configure", layer=self._layer, **{name: value})
        except CommandError as error:
            if self._form is not None:
                self._form.refuse(name, str(error))

    def _on_renamed(self, name: str) -> None:
        try:
            self._context.bus.do("layer.rename", layer=self._layer, name=name)
        except CommandError as error:
            if self._form is not None:
                self._form.refuse("name", str(error))

    def _on_fix(self) -> None:
        self._context.do("layer.fix", layer=self._layer)

    def _on_remove(self) -> None:
        if self._layer is not None:
            self._context.do("layer.remove", layer=self._layer)
