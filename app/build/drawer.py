"""The drawer under the canvas: the summary table and the network as code."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from app import text, theme
from app.commands import kind_title
from app.text import tr
from app.widgets import Button, Control, Panel
from app.workspace import WindowContext
from app.widgets.guarded import guarded
from core.errors import ChainruleError
from core.spec import Row

HEIGHT = 248
_TABS = 36
_LINE = 18
_PROBLEM = Qt.ItemDataRole.UserRole + 1
_SHARE = Qt.ItemDataRole.UserRole + 2
_LAYER = Qt.ItemDataRole.UserRole + 3
_SKIPPED = Qt.ItemDataRole.UserRole + 4


class Tab(Control):
    """A word with a line under it when it is chosen."""

    focus_radius = 4

    def __init__(self, text: str, *, name: str) -> None:
        super().__init__()
        self.setText(text)
        self.setObjectName(name)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        advance = QFontMetricsF(theme.font("button")).horizontalAdvance(text)
        self.setFixedSize(round(advance) + 24, _TABS)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        on = self.isChecked()
        painter.setFont(theme.font("button"))
        painter.setPen(colors.tx if on or self.hovered else colors.tx2)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        if on:
            painter.fillRect(0, self.height() - 2, self.width(), 2, colors.tx)


class _Paint(QStyledItemDelegate):
    """Draws every cell, so that the table looks the same on every system."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        colors = theme.current()
        box = QRectF(option.rect)
        table, first = self.parent(), index.sibling(index.row(), 0)
        assert table is not None
        layer = first.data(_LAYER)
        chosen = layer == table.property("selection")
        if chosen and layer:
            painter.fillRect(box, colors.selbg)
        problem, skipped = bool(first.data(_PROBLEM)), bool(first.data(_SKIPPED))
        total = not layer
        column = index.column()
        if total:
            painter.fillRect(QRectF(box.left(), box.top(), box.width(), 1), colors.line)
        share = index.data(_SHARE)
        if share is not None:
            trough = QRectF(box.left() + 16, box.center().y() - 3, 96, 6)
            painter.fillRect(trough, colors.bg3)
            if share > 0:
                painter.fillRect(
                    QRectF(trough.left(), trough.top(), max(1.0, 96 * share), 6), colors.tx2
                )
            return
        shown = str(index.data() or "")
        if not shown:
            return
        role = "label" if column == 1 or (skipped and column == 3) else "table"
        if total:
            role = "strong" if column == 1 else "table-strong"
        painter.setFont(theme.font(role))
        ink = colors.tx
        if column == 0:
            # On the selected row's ground only tx2 has enough contrast.
            ink = colors.tx2 if chosen else colors.tx3
        elif column == 2:
            ink = colors.tx2
        if problem and column:
            ink = colors.err
        elif skipped and column:
            ink = colors.tx2 if chosen else colors.tx3
        painter.setPen(ink)
        align = Qt.AlignmentFlag.AlignRight if column in (4, 6) else Qt.AlignmentFlag.AlignLeft
        inner = box.adjusted(16, 0, -16, 0)
        painter.drawText(inner, align | Qt.AlignmentFlag.AlignVCenter, shown)


class Summary(QTableWidget):
    """One line for each layer.

    Signals
    -------
    layer_clicked(str)
        A line was chosen.
    """

    layer_clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__(0, 7)
        self.setObjectName("summary-table")
        self.setAccessibleName(tr("Summary"))
        self.setHorizontalHeaderLabels([
            "#", tr("Layer"), tr("Name"), tr("Output shape"), tr("Parameters"), tr("Share"),
            tr("Multiply-adds"),
        ])  # fmt: skip
        self.setItemDelegate(_Paint(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(_LINE)
        self.verticalHeader().setDefaultSectionSize(_LINE)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setFixedHeight(21)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setFont(theme.font("small-strong"))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        # Stretch columns share what is left; names are the longest texts and get a fixed place.
        for column, width in ((0, 40), (1, 150), (2, 146), (5, 128)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        for column in range(7):
            side = Qt.AlignmentFlag.AlignRight if column in (4, 6) else Qt.AlignmentFlag.AlignLeft
            head = self.horizontalHeaderItem(column)
            assert head is not None
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.cellClicked.connect(self._on_clicked)
        self.currentCellChanged.connect(self._on_clicked)

    def show_rows(
        self, rows: tuple[Row, ...], names: dict[str, str], problems: set[str], frozen: set[str]
    ) -> None:
        """Show the rows of an inspection and their total."""
        shown = [row for row in rows if row.kind != "InputLayer"]
        total = sum(row.parameters for row in rows)
        self.blockSignals(True)
        self.setRowCount(len(shown) + 1)
        for place, row in enumerate(shown):
            self._span(place, 4 if row.skipped else 1)
            cells = [str(place + 1), kind_title(row.kind), names.get(row.layer, row.name)]
            if row.skipped:
                cells += [tr("skipped until fixed"), "", "", ""]
            else:
                count = text.number(row.parameters)
                if row.layer in frozen:
                    count = tr("{count} frozen", count=count)
                cells += [text.shape(row.output_shape), count, "",
                          text.number(row.multiply_adds)]  # fmt: skip
            share = None if row.skipped else row.parameters / max(1, total)
            self._fill(place, cells, share, row.layer,
                       row.layer in problems, row.skipped)  # fmt: skip
        adds = sum(row.multiply_adds for row in rows)
        self._span(len(shown), 1)
        learning = sum(row.trainable_parameters for row in rows)
        words = ""
        if frozen:
            still = sum(row.parameters for row in rows if row.layer in frozen)
            words = tr(
                "{learning} learning, {frozen} frozen",
                learning=text.number(learning), frozen=text.number(still),
            )  # fmt: skip
        self._fill(
            len(shown), ["", tr("Total"), "", words, text.number(total), "", text.number(adds)],
            None, "",
        )  # fmt: skip
        self.blockSignals(False)

    def _fill(
        self, line: int, cells: list[str], share: float | None, layer: str,
        problem: bool = False, skipped: bool = False,
    ) -> None:  # fmt: skip
        for column, shown in enumerate(cells):
            item = self.item(line, column)
            if item is None:
                item = QTableWidgetItem()
                self.setItem(line, column, item)
            item.setText(shown)
            item.setData(_LAYER, layer)
            item.setData(_PROBLEM, problem)
            item.setData(_SKIPPED, skipped)
            item.setData(_SHARE, share if column == 5 else None)
            if column == 5 and share is not None:
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{share:.0%}")

    def _span(self, line: int, columns: int) -> None:
        if self.columnSpan(line, 3) != columns:
            self.setSpan(line, 3, 1, columns)

    def show_selection(self, layer: str | None) -> None:
        """Mark the selected layer's line."""
        self.setProperty("selection", layer)
        self.viewport().update()

    def _on_clicked(self, line: int, column: int, *_: int) -> None:
        item = self.item(line, 0)
        if item is not None and item.data(_LAYER):
            self.layer_clicked.emit(item.data(_LAYER))


class Drawer(Panel):
    """Tabs: Summary, Keras code, PyTorch code, and Copy.

    Signals
    -------
    folded(bool)
        The learner folded or unfolded the drawer.
    """

    folded = Signal(bool)

    def __init__(self, context: WindowContext) -> None:
        super().__init__(name="drawer", edges="t")
        self._context = context
        self._folded = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 1, 0, 0)
        column.setSpacing(0)
        bar = Panel(edges="b")
        bar.setFixedHeight(_TABS)
        row = QHBoxLayout(bar)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(0)
        self._tabs = [
            Tab(tr("Summary"), name="tab-summary"),
            Tab(tr("Keras code"), name="tab-keras"),
            Tab(tr("PyTorch code"), name="tab-pytorch"),
        ]
        for place, tab in enumerate(self._tabs):
            tab.clicked.connect(lambda _=False, p=place: self.show_tab(p))
            row.addWidget(tab)
        row.addStretch(1)
        self.copy = Button(tr("Copy"), name="drawer-copy", kind="ghost", icon="copy", icon_size=14)
        self.copy.clicked.connect(self._on_copy)
        row.addWidget(self.copy)
        self.fold = Button(name="drawer-fold", kind="ghost", icon="chevron-down", icon_size=14)
        self.fold.setAccessibleName(tr("Fold"))
        self.fold.setToolTip(tr("Fold the drawer"))
        self.fold.clicked.connect(lambda: self.set_folded(not self._folded))
        row.addWidget(self.fold)
        column.addWidget(bar)
        self._stack = QStackedWidget()
        column.addWidget(self._stack, 1)
        self.summary = Summary()
        self.code = QPlainTextEdit()
        self.code.setObjectName("code")
        self.code.setAccessibleName(tr("Code"))
        self.code.setReadOnly(True)
        self.code.setFont(theme.font("table"))
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.code.document().setDocumentMargin(16)
        self._stack.addWidget(self.summary)
        self._stack.addWidget(self.code)
        self._tab = 0
        self._folded = False
        self._tabs[0].setChecked(True)
        self.summary.layer_clicked.connect(lambda layer: context.do("select.layer", layer=layer))
        document = context.document
        document.model_changed.connect(self.refresh)
        document.selection_changed.connect(self._on_selection)
        self.setFixedHeight(HEIGHT)
        self.refresh()

    def show_tab(self, place: int) -> None:
        """Show a tab, unfolding the drawer."""
        self._tab = place
        self._tabs[place].setChecked(True)
        self._stack.setCurrentIndex(min(place, 1))
        self.set_folded(False)
        self.refresh()

    def set_folded(self, folded: bool) -> None:
        """Show the tabs only, or everything."""
        if folded == self._folded:
            return
        self._folded = folded
        self._stack.setVisible(not folded)
        if not folded and self._tab:
            self.refresh()
        self.setFixedHeight(_TABS + 1 if folded else HEIGHT)
        self.fold.set_icon("chevron-up" if folded else "chevron-down")
        words = tr("Unfold the drawer") if folded else tr("Fold the drawer")
        self.fold.setToolTip(words)
        self.fold.setAccessibleName(words)
        self.folded.emit(folded)

    def refresh(self) -> None:
        """Show the document as it is."""
        document = self._context.document
        inspection = document.inspection
        names = {layer.id: layer.name for layer in document.network.layers}
        problems = {p.layer for p in inspection.problems if p.layer is not None}
        frozen = {layer.id for layer in document.network.layers if layer.frozen}
        self.summary.show_rows(inspection.rows, names, problems, frozen)
        # Code that nobody sees is not written; showing the drawer catches up.
        if self._tab and self.code.isVisible():
            self.code.setPlainText(self._code("keras" if self._tab == 1 else "pytorch"))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._tab:
            self.refresh()

    def _on_selection(self) -> None:
        self.summary.show_selection(self._context.document.selection)

    def _code(self, framework: str) -> str:
        from core.io import codegen

        document = self._context.document
        problems = document.inspection.problems
        if problems:
            return "# " + tr("The network has a problem: {sentence}", sentence=problems[0].sentence)
        write = codegen.keras if framework == "keras" else codegen.pytorch
        try:
            return str(write(document.network, document.training))
        except ChainruleError as error:
            return f"# {error}"

    def _on_copy(self) -> None:
        if self._tab:
            copied = self.code.toPlainText()
        else:
            lines = []
            for line in range(self.summary.rowCount()):
                cells = [self.summary.item(line, column) for column in range(7) if column != 5]
                lines.append("\t".join(cell.text() if cell is not None else "" for cell in cells))
            copied = "\n".join(lines)
        QGuiApplication.clipboard().setText(copied)
        self._context.bus.emit("view.copied", what=("summary", "keras", "pytorch")[self._tab])
