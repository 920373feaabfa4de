"""The filters of every layer with their gradients, and what of them is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.inside.filter_wall import FilterWall
from app.inside.panels import InsidePanel
from app.scenes.filters import gradient_of
from app.scenes.filters_layout import LINE, MOST_UNITS
from app.text import tr
from app.widgets import Label, ScrollPanel, Segmented, Toggle

if TYPE_CHECKING:
    from app.inside.session import InsideSession


class FiltersPanel(QWidget):
    """The filters in a scroll area under their switches."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._bar = QHBoxLayout()
        self._bar.setContentsMargins(16, 8, 16, 0)
        self._bar.setSpacing(8)
        column.addLayout(self._bar)
        self.area = ScrollPanel(name="inside-filters-scroll", steady=True)
        self.wall = FilterWall(session)
        self.area.body.addWidget(self.wall)
        column.addWidget(self.area, 1)
        self.layers = Segmented(
            (("all", tr("All layers")), ("chosen", tr("Chosen"))),
            name="inside-filters-layers", label=tr("Layers"),
        )  # fmt: skip
        self.layers.setToolTip(tr("The filters of all layers, or of the layer that is looked at"))
        self._choice(self.layers, "filters_layers")
        self._bar.addWidget(self.layers)
        self.gradients = self._switch(
            "filters_gradients", tr("Gradients"),
            tr("Under the weights the gradient of each: what the last training step found"),
        )  # fmt: skip
        self.colour = self._switch(
            "filters_colour", tr("Colours"),
            tr("Weights of red, green and blue as one colour; otherwise beside each other"),
        )  # fmt: skip
        self.note = Label("", "label", "tx2", name="inside-filters-note")
        self._bar.addWidget(self.note, 1)
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Label(tr("Scale"), "label", "tx2"))
        self.scale = Segmented(
            (("unit", tr("Filter")), ("layer", tr("Layer")), ("network", tr("Network"))),
            name="inside-filters-scale", label=tr("Colour scale"),
        )  # fmt: skip
        self.scale.setToolTip(
            tr(
                "What gets the strongest colour: the largest weight of each filter, layer, or of all"
            )
        )
        self._choice(self.scale, "filters_scale")
        row.addWidget(self.scale)
        for signal in (session.looked, session.chosen, session.network_changed):
            signal.connect(self._refresh)
        self.wall.followed.connect(self._tell)
        session.context.theme_changed.connect(lambda _: self.wall.update())
        self._shown = (session.layer, session.channel)
        self._refresh()

    def _choice(self, control: Segmented, name: str) -> None:
        control.set_value(str(self._session.toggles[name]))
        control.chosen.connect(
            lambda value: self._session.context.do("inside.show", name=name, value=value)
        )

    def _switch(self, name: str, label: str, tip: str) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(6)
        toggle = Toggle(name=f"inside-{name.replace('_', '-')}", label=label)
        toggle.setChecked(bool(self._session.toggles[name]))
        toggle.setToolTip(tip)
        toggle.clicked.connect(
            lambda: self._session.context.do("inside.show", name=name, value=toggle.isChecked())
        )
        row.addWidget(toggle)
        row.addWidget(Label(label, "label", "tx2"))
        self._bar.addWidget(holder)
        return holder

    def controls(self) -> QWidget:
        """What stands in the head."""
        return self._beside

    def _refresh(self) -> None:
        session = self._session
        for control, name in ((self.layers, "filters_layers"), (self.scale, "filters_scale")):
            control.set_value(str(session.toggles[name]))
        for name in ("gradients", "colour"):
            toggle = self.findChild(Toggle, f"inside-filters-{name}")
            if toggle is not None:
                toggle.setChecked(bool(session.toggles[f"filters_{name}"]))
        shape = session.input_shape
        self.colour.setVisible(len(shape) == 3 and shape[-1] == 3)
        self.wall.refresh()
        chosen = (session.layer, session.channel)
        if chosen != self._shown:
            self._shown = chosen
            self.show_chosen()

    def _tell(self) -> None:
        """Say why there are no gradients yet."""
        values, names = self.wall.values, self.wall.names
        missing = self.wall.gradients and bool(values)
        missing = missing and not any(gradient_of(name) in values for name in names)
        words = tr("Gradients come with the first training step.") if missing else ""
        if self.note.text() != words:
            self.note.setText(words)
            self.note.setToolTip(words)

    def show_chosen(self) -> None:
        """Turn to the page of the filter that is looked at, and scroll to it."""
        session, row = self._session, self.wall.chosen_row
        if row is None:
            return
        if not row.first <= session.channel < row.first + row.shown:
            self.wall.turn_to(row.tensor, session.channel // MOST_UNITS)
        hit = self.wall.place.hits.get(f"filter:{row.tensor}:{session.channel}")
        if hit is not None and self.isVisible():
            x, y, w, h = hit.rect
            self.area.ensureVisible(round(x + w / 2), round(y + h / 2), 0, round(h / 2 + LINE))


PANEL = InsidePanel(
    "filters", "rows", tr("Filters"), tr("What every layer looks for, and how that changes"), 20, FiltersPanel
)  # fmt: skip
