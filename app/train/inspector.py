"""The panel at the right: how good the network is, where it is wrong, and whether its gradients are healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app import icons, theme
from app.scenes.frame import ViewState
from app.text import number, tr
from app.train.data_panel import DataPanel
from app.train.metrics import Metrics
from app.train.scene_view import SceneView
from app.widgets import Control, Header, Label, Line, Panel, ScrollPanel, Segmented
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.snapshots import NetworkView, Snapshot
    from app.workspace import WindowContext


# Width of the page; the matrix is as high as its cells are wide.
_WIDTH = 360


class _Tab(Control):
    """The 40 px that stay of a folded inspector."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("train-inspector-tab")
        self.setText(title)
        self.setCheckable(True)
        self.setAccessibleName(tr("Show the inspector"))
        self.setToolTip(tr("Show or fold the inspector"))
        self.setFixedWidth(40)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.bg3 if self.hovered else colors.bg1)
        painter.fillRect(0, 0, 1, self.height(), colors.line)
        icons.paint(
            painter,
            "chevron-right" if self.isChecked() else "chevron-left",
            colors.tx2,
            QRectF(12, 12, 16, 16),
        )
        painter.translate(24, 48)
        painter.rotate(90)
        painter.setFont(theme.font("button"))
        painter.setPen(colors.tx2)
        painter.drawText(0, 0, self.text())


class EvaluationPage(QWidget):
    """For classes of images and tables: metrics, confusion matrix, layer health."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = Header(tr("Evaluation"))
        self.metrics = Metrics(wide=False)
        self._scroll = ScrollPanel(name="train-evaluation")
        self._confusion_head = QWidget()
        row = QHBoxLayout(self._confusion_head)
        row.setContentsMargins(16, 12, 16, 0)
        row.addWidget(Label(tr("Confusion matrix"), "section", "tx2"))
        row.addStretch(1)
        self.shares = Segmented(
            (("count", tr("Count")), ("share", tr("Row %"))),
            name="train-confusion-unit",
            label=tr("Confusion matrix"),
            height=24,
        )
        row.addWidget(self.shares)
        self.confusion = SceneView(
            "confusion", name="train-confusion", label=tr("Confusion matrix")
        )
        self.confusion.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.confusion.setFixedHeight(396)
        self.health = SceneView("health", name="train-health", label=tr("Layer health"))
        self.health.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column.addWidget(self.head)
        column.addWidget(self._scroll, 1)
        body = self._scroll.body
        body.addWidget(self.metrics)
        body.addWidget(Line())
        body.addWidget(self._confusion_head)
        body.addWidget(self.confusion)
        self._rule = Line()
        body.addWidget(self._rule)
        body.addWidget(self.health)
        body.addStretch(1)

    @property
    def views(self) -> tuple[SceneView, ...]:
        """The scenes on this page."""
        return (self.confusion, self.health)

    def show_network(self, spec: NetworkView) -> None:
        """Fit the page to a network."""
        classes = 2 <= len(spec.classes) <= 40
        for widget in (self._confusion_head, self.confusion, self._rule):
            widget.setVisible(classes)
        n = max(1, len(spec.classes))
        self.confusion.setFixedHeight(round(min((_WIDTH - 64) / n, 44.0) * n + 100))
        rows = sum(1 for node in spec.nodes if node.weights)
        self.health.setFixedHeight(38 + 24 * max(1, rows) + 12)

    def show_snapshot(self, shot: Snapshot | None) -> None:
        """Show the newest figures."""
        self.metrics.show_snapshot(shot)
        evaluation = shot.evaluation if shot is not None else None
        self.head.subtitle.setText(
            tr("{count} validation samples", count=number(evaluation.samples))
            if evaluation is not None
            else tr("validation samples")
        )


class OutputPage(QWidget):
    """For points in the plane: decision map, metrics, data knobs.

    Signals
    -------
    toggled(name, value)
        Switches of the decision map.
    """

    toggled = Signal(str, object)

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = Header(tr("Output"), tr("decision boundary"))
        self.mode = Segmented(
            (("smooth", tr("Smooth")), ("classes", tr("Classes"))),
            name="train-decision-mode",
            label=tr("Decision map"),
        )
        self.head.row.addWidget(self.mode)
        self.decision = SceneView(
            "decision", name="train-decision", label=tr("Decision boundary"), walkable=False
        )
        self.decision.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.decision.setFixedHeight(432)
        self.metrics = Metrics(wide=True, prefix="train-output-metric")
        self.data = DataPanel(context)
        self._scroll = ScrollPanel(name="train-output")
        column.addWidget(self.head)
        column.addWidget(self._scroll, 1)
        for widget in (self.decision, Line(), self.metrics, self.data):
            self._scroll.body.addWidget(widget)
        self._scroll.body.addStretch(1)
        self.mode.chosen.connect(lambda value: self.toggled.emit("decision", value))
        self.data.points_toggled.connect(lambda on: self.toggled.emit("validation-points", on))

    @property
    def views(self) -> tuple[SceneView, ...]:
        """The scenes on this page."""
        return (self.decision,)

    def show_network(self, spec: NetworkView) -> None:
        """Nothing of this page depends on the network but the map."""

    def show_snapshot(self, shot: Snapshot | None) -> None:
        """Show the newest figures."""
        self.metrics.show_snapshot(shot)


class Inspector(Panel):
    """Either page, at 360 or 420 px, or folded to a tab."""

    unfolded = Signal()

    def __init__(self, context: WindowContext) -> None:
        super().__init__(name="train-inspector", edges="l")
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 0, 0, 0)
        row.setSpacing(0)
        self.tab = _Tab(tr("Evaluation"))
        self.tab.toggled.connect(self._fit)
        self.pages = QStackedWidget()
        self.evaluation = EvaluationPage()
        self.output = OutputPage(context)
        self.pages.addWidget(self.evaluation)
        self.pages.addWidget(self.output)
        row.addWidget(self.tab)
        row.addWidget(self.pages, 1)
        self._level = 0
        self._fit()

    @property
    def page(self) -> EvaluationPage | OutputPage:
        """The page in front."""
        return self.output if self.pages.currentWidget() is self.output else self.evaluation

    def show_network(self, spec: NetworkView) -> None:
        """Choose the page that suits the data."""
        self.pages.setCurrentWidget(self.output if spec.data == "points" else self.evaluation)
        self.tab.setText(tr("Output") if spec.data == "points" else tr("Evaluation"))
        self._fit()
        self.page.show_network(spec)
        for view in self.page.views:
            view.set_spec(spec)

    def set_compact(self, level: int) -> None:
        """Fold to the tab below 1360 px."""
        self._level = level
        self._fit()

    def _fit(self, *_: object) -> None:
        folded = self._level >= 1 and not self.tab.isChecked()
        self.tab.setVisible(self._level >= 1)
        self.pages.setVisible(not folded)
        wide = 420 if self.page is self.output else 360
        self.setFixedWidth(40 if folded else wide + (40 if self._level >= 1 else 0))
        if not folded:
            self.unfolded.emit()


def strip_view(log: bool, metrics: tuple[str, ...]) -> ViewState:
    """Return the options of the curves under the stage."""
    return ViewState(options=(("chooser", True), ("log", log), ("metrics", metrics)))
