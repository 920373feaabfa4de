"""The 40 px over the stage: what is shown, of which sample, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QSizePolicy

from app.scenes import draw
from app.studies import KINDS
from app.text import number, tr
from app.train.runs_button import RunsButton
from app.widgets import Button, Header, Label, Segmented

if TYPE_CHECKING:
    from app.snapshots import NetworkView, Snapshot


class StageHead(Header):
    """Title, sample, and the switches of the drawing.

    Signals
    -------
    toggled(name, value)
        A switch of the scene: ``"maps"``, ``"scale"`` or ``"tiles"``.
    next_sample(), add_layer()
        Buttons.
    study(kind)
        An entry of the menu of studies.
    """

    toggled = Signal(str, str)
    next_sample = Signal()
    add_layer = Signal()
    study = Signal(str)

    def __init__(self) -> None:
        super().__init__(tr("Activations"))
        self.setObjectName("train-stage-head")
        self.subtitle.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.next = Button(tr("Next sample"), name="train-next-sample")
        self.next.setToolTip(tr("Follow another held-out sample"))
        self.next.clicked.connect(self.next_sample)
        self.row.insertWidget(2, self.next)
        self.step = Label("", role="table")
        self.step.setObjectName("train-shown-step")
        self.step.setToolTip(tr("The step whose signal is travelling; training may be further on"))
        self.row.insertWidget(3, self.step)
        self._scale_label = Label(tr("Scale"))
        self.scale = Segmented(
            (("layer", tr("Per layer")), ("map", tr("Per map"))),
            name="train-scale",
            label=tr("Scale"),
        )
        self.scale.setToolTip(tr("One range of colours for a whole layer, or one for each map"))
        self.maps = Segmented(
            (("maps", tr("Maps")), ("gradients", tr("Gradients")), ("filters", tr("Filters"))),
            name="train-maps",
            label=tr("Show"),
        )
        self._tiles_label = Label(tr("Tiles show"))
        self.tiles = Segmented(
            (
                ("activation", tr("Activation")),
                ("pre-activation", tr("Pre-activation")),
                ("gradient", tr("Gradient")),
            ),
            name="train-tiles",
            label=tr("Tiles show"),
        )
        self.add = Button(tr("Layer"), name="train-add-layer", icon="plus", icon_size=14)
        self.add.setAccessibleName(tr("Add a layer"))
        self.add.setToolTip(tr("Add a layer in the Build workspace"))
        self.add.clicked.connect(self.add_layer)
        self.runs = RunsButton()
        self._make_studies()
        for widget in (
            self._scale_label,
            self.scale,
            self.maps,
            self._tiles_label,
            self.tiles,
            self.add,
            self.runs,
            self.studies,
        ):
            self.row.addWidget(widget)
        for name, control in (("scale", self.scale), ("maps", self.maps), ("tiles", self.tiles)):
            control.chosen.connect(lambda value, n=name: self.toggled.emit(n, value))
        self._level = 0
        self._scene = "maps"
        self._spec: NetworkView | None = None

    def _make_studies(self) -> None:
        self.studies = Button(tr("Studies"), name="train-studies", trailing="chevron-down")
        self.studies.setToolTip(
            tr("Find a learning rate, cross-validate, try several seeds, search settings")
        )
        menu = QMenu(self.studies)
        menu.setObjectName("train-studies-menu")
        for kind, title, words in KINDS:
            action = menu.addAction(f"{tr(title)}…")
            action.setObjectName(f"study-{kind}")
            action.setToolTip(tr(words))
            action.triggered.connect(lambda _=False, k=kind: self.study.emit(k))
        button = self.studies
        button.clicked.connect(lambda: menu.popup(button.mapToGlobal(button.rect().bottomLeft())))

    def show_network(self, spec: NetworkView, scene: str) -> None:
        """Fit the switches to the network's drawing."""
        self._spec, self._scene = spec, scene
        self.title.setText(tr("Activations") if scene == "maps" else tr("Network"))
        if scene != "maps":
            sizes = [
                number(n.units) if len(n.shape) < 2 else "×".join(map(str, n.shape))
                for n in spec.nodes
                if n.kind in ("Input", "Dense")
            ]
            self.subtitle.setText(f" {draw.ARROW} ".join(sizes))
        self._arrange()

    def show_sample(self, shot: Snapshot | None) -> None:
        """Name the sample that is followed."""
        if self._scene == "maps":
            sample = shot.sample if shot is not None else None
            split = (
                tr("training")
                if sample is not None and sample.split == "train"
                else tr("validation")
            )
            self.subtitle.setText(
                tr("{split} sample #{index}", split=split, index=number(sample.index))
                if sample is not None
                else ""
            )

    def show_step(self, step: int | None) -> None:
        """Name the step whose signal travels through the drawing."""
        text = "" if step is None else tr("signal of step {step}", step=number(step))
        if text != self.step.text():
            self.step.setText(text)

    def set_compact(self, level: int) -> None:
        """Leave out labels where it is narrow."""
        self._level = level
        self._arrange()

    def _arrange(self) -> None:
        maps = self._scene == "maps"
        for widget, shown in (
            (self._scale_label, maps and self._level < 1),
            (self.scale, maps),
            (self.maps, maps),
            (self.subtitle, self._level < 2),
            (self._tiles_label, not maps and self._level < 1),
            (self.tiles, not maps),
            (self.add, not maps and self._level < 2),
        ):
            widget.setVisible(shown)
