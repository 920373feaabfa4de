"""What is set in the playground: the picture, the kernel, how the window moves, how the result is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from app import text
from app.inside.playground.kernel import KernelGrid
from app.inside.playground.model import INPUT, OWN, PHOTOS
from app.inside.playground.presets import OWN_FILTER, PRESETS, factors
from app.scenes.playground_settings import WHOLE
from app.text import tr
from app.widgets import Button, Choice, Label, NumberField, ScrollPanel, Segmented, Toggle

if TYPE_CHECKING:
    from app.inside.playground.model import Playground

WIDTH = 272


class Controls(ScrollPanel):
    """See the module's text."""

    def __init__(self, model: Playground) -> None:
        super().__init__(name="playground-controls")
        self.setFixedWidth(WIDTH)
        self._model = model
        inside = QWidget()
        self.body.addWidget(inside)
        self.body.addStretch(1)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(16, 12, 14, 16)
        self._column.setSpacing(8)
        self._build_picture()
        self._build_operation()
        self._build_kernel()
        self._build_window()
        self._build_display()
        model.changed.connect(self.refresh)
        model.computed.connect(self.refresh)
        self.refresh()

    # -- building

    def _set(self, name: str, value: Any) -> None:
        self._model.session.context.do("playground.set", name=name, value=value)
        # A refusal leaves the control where it was.
        self.refresh()

    def _row(self, *widgets: QWidget | None) -> QWidget:
        """Controls side by side; None is what keeps them apart."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in widgets:
            if widget is None:
                row.addStretch(1)
            else:
                row.addWidget(widget)
        self._column.addWidget(holder)
        return holder

    def _field(self, name: str, label: str, *, whole: bool = True, tip: str = "") -> NumberField:
        low, high = WHOLE.get(name, (-1e4, 1e4))
        field = NumberField(
            name=f"playground-{name}", label=label, whole=whole, step=1 if whole else 0.1, minimum=low,
            maximum=high, width=64,
        )  # fmt: skip
        field.setToolTip(tip or label)
        field.entered.connect(lambda value: self._set(name, int(value) if whole else float(value)))
        return field

    def _choice(
        self, name: str, label: str, options: tuple[tuple[str, str], ...], tip: str
    ) -> Segmented:
        choice = Segmented(options, name=f"playground-{name}", label=label)
        choice.setToolTip(tip)
        choice.chosen.connect(lambda value: self._set(name, value))
        return choice

    def _build_picture(self) -> None:
        do = self._model.session.context.do
        pictures = [*PHOTOS.items(), (INPUT, tr("The network's input"))]
        self.picture = Choice(pictures, name="playground-picture", label=tr("Picture"))
        self.picture.setToolTip(tr("What the window slides over"))
        self.picture.chosen.connect(lambda value: do("playground.picture", name=value))
        self.open = Button(name="playground-open", icon="folder-open", icon_size=16)
        self.open.setAccessibleName(tr("Open a photograph"))
        self.open.setToolTip(tr("Open a photograph of your own, or drop one on the picture"))
        self.open.clicked.connect(self._on_open)
        self._row(self.picture, self.open)
        self.colours = self._choice(
            "colours", tr("Colours"), (("gray", tr("Gray")), ("colour", tr("Each channel"))),
            tr("Gray: 0.299 red + 0.587 green + 0.114 blue. Each channel: red, green and blue by themselves"),
        )  # fmt: skip
        self.channel = Segmented(
            (("0", "R"), ("1", "G"), ("2", "B")), name="playground-channel", label=tr("Written out")
        )
        self.channel.setToolTip(tr("The channel whose sum is written out"))
        self.channel.chosen.connect(lambda value: self._set("channel", int(value)))
        self._row(self.colours, None, self.channel)

    def _build_operation(self) -> None:
        self.operation = self._choice(
            "operation", tr("Operation"),
            (("convolution", tr("Convolution")), ("max", tr("Max pool")), ("average", tr("Mean"))),
            tr("What is made of the pixels in the window: their weighted sum, the largest, the mean"),
        )  # fmt: skip
        self._row(self.operation, None)

    def _build_kernel(self) -> None:
        do = self._model.session.context.do
        self.preset = Choice(
            [("", OWN_FILTER[0])] + [(name, words[0]) for name, words in PRESETS.items()],
            name="playground-preset", label=tr("Known filter"),
        )  # fmt: skip
        self.preset.setToolTip(tr("Filters that were designed by hand"))
        self.preset.chosen.connect(self._on_preset)
        self.sizes = Segmented(
            tuple((str(n), str(n)) for n in (1, 3, 5, 7)), name="playground-size", label=tr("Size"), mono=True
        )  # fmt: skip
        self.sizes.setToolTip(tr("Rows and columns of the kernel"))
        self.sizes.chosen.connect(lambda value: self._set("size", int(value)))
        self._kernel_rows = [self._row(self.preset, self.sizes)]
        self.words = Label("", "label", "tx3", name="playground-words", wrap=True)
        self.words.setToolTip(
            tr(
                "A kernel that is a column times a row can be slid as two thin ones, one after the other"
            )
        )
        self._column.addWidget(self.words)
        self.grid = KernelGrid()
        self.grid.typed.connect(
            lambda row, column, value: do("playground.cell", row=row, column=column, value=value)
        )
        self._kernel_rows.append(self._row(None, self.grid, None))
        self.total = Label("", "value", "tx2", name="playground-sum")
        self.divide = Toggle(name="playground-divide", label=tr("Divide by the sum"))
        self.divide.setToolTip(tr("So that a plain grey stays as bright as it is"))
        self.divide.clicked.connect(lambda on: self._set("divide", bool(on)))
        label = Label(tr("Divide by the sum"), "label", "tx2")
        self._kernel_rows.append(self._row(label, None, self.total, self.divide))
        self.turned = Toggle(name="playground-turned", label=tr("True convolution"))
        self.turned.setToolTip(
            tr("Networks slide the kernel as it is (a correlation). A convolution of mathematics turns it by half a "
               "turn first")
        )  # fmt: skip
        self.turned.clicked.connect(lambda on: self._set("turned", bool(on)))
        self.named = Label("", "label", "tx3", name="playground-named")
        label = Label(tr("Turn the kernel"), "label", "tx2")
        self._kernel_rows.append(self._row(label, None, self.named, self.turned))
        self.scale = self._field("scale", tr("Scale"), whole=False, tip=tr("The kernel times this"))
        self.bias = self._field("bias", tr("Bias"), whole=False, tip=tr("Added to every sum"))
        self._kernel_rows.append(
            self._row(Label(tr("Scale"), "label", "tx2"), self.scale, None,
                      Label(tr("Bias"), "label", "tx2"), self.bias)
        )  # fmt: skip
        self.pool = self._field("pool", tr("Window"), tip=tr("Rows and columns of the window"))
        self._pool_row = self._row(Label(tr("Window"), "label", "tx2"), None, self.pool)

    def _build_window(self) -> None:
        self.padding = self._choice(
            "padding", tr("Padding"),
            (("valid", tr("Valid")), ("same", tr("Same")), ("number", tr("Number"))),
            tr("Valid: only where the window fits. Same: with stride 1 the result is as large as the picture. "
               "Number: as many pixels at each side as you say"),
        )  # fmt: skip
        self._row(Label(tr("Padding"), "label", "tx2"), None, self.padding)
        self.amount = self._field("amount", tr("Pixels at each side"))
        self.fill = Choice(
            (("constant", tr("Zeros")), ("edge", tr("Edge repeated")), ("reflect", tr("Reflected"))),
            name="playground-fill", label=tr("What stands around"), width=130,
        )  # fmt: skip
        self.fill.setToolTip(tr("What the padding is made of; layers of networks take zeros"))
        self.fill.chosen.connect(lambda value: self._set("fill", value))
        self._fill_row = self._row(Label(tr("Filled with"), "label", "tx2"), None, self.fill)
        self._amount_row = self._row(Label(tr("Pixels a side"), "label", "tx2"), None, self.amount)
        self.stride = self._field(
            "stride", tr("Stride"), tip=tr("How far the window moves at each step")
        )
        self.dilation = self._field(
            "dilation", tr("Dilation"), tip=tr("How far apart the pixels are that the kernel reads")
        )
        self._row(Label(tr("Stride"), "label", "tx2"), None, self.stride)
        self._dilation_row = self._row(Label(tr("Dilation"), "label", "tx2"), None, self.dilation)

    def _build_display(self) -> None:
        self.display = self._choice(
            "display", tr("Show the result"),
            (("clip", tr("Clipped")), ("size", tr("|Result|")), ("signed", tr("Signed"))),
            tr("Clipped: 0 is black and 1 is white. |Result|: the further from 0, the brighter. Signed: blue above 0 "
               "and orange below; of colours, grey is 0"),
        )  # fmt: skip
        self._row(Label(tr("Show"), "label", "tx2"), None, self.display)

    # -- choosing

    def _on_preset(self, value: str) -> None:
        if value:
            self._model.session.context.do("playground.preset", name=value)
        self.refresh()

    def _on_open(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self.window(), tr("Open a photograph"), str(Path.home()),
            tr("Pictures (*.png *.jpg *.jpeg *.bmp *.gif *.webp)"),
        )  # fmt: skip
        if chosen:
            self._model.session.context.do("playground.open", path=chosen)

    # -- showing

    def refresh(self) -> None:
        """Show what is set."""
        model, settings = self._model, self._model.settings
        if model.own is not None and self.picture.findData(OWN) < 0:
            self.picture.addItem(tr("Your photograph"), OWN)
        self.picture.set_value(model.source)
        if model.picture is not None:
            self.picture.setToolTip(model.picture.note)
        self.colours.set_value(settings.colours)
        several = model.result is not None and model.result.filtered.values.shape[2] == 3
        self.channel.setVisible(several and settings.colours == "colour")
        self.channel.set_value(str(model.channel))
        self.operation.set_value(settings.operation)
        pooling = settings.operation != "convolution"
        for row in (*self._kernel_rows, self.words, self._dilation_row):
            row.setVisible(not pooling)
        self._pool_row.setVisible(pooling)
        self.pool.set_amount(settings.pool)
        self.padding.segment("number").setEnabled(not pooling)
        self.padding.set_value(
            "same" if pooling and settings.padding == "number" else settings.padding
        )
        self._fill_row.setVisible(not pooling and settings.padding != "valid")
        self._amount_row.setVisible(not pooling and settings.padding == "number")
        self.amount.set_amount(settings.amount)
        self.fill.set_value(settings.fill)
        self.stride.set_amount(settings.stride)
        self.dilation.set_amount(settings.dilation)
        self.display.set_value(settings.display)
        self._show_kernel()

    def _show_kernel(self) -> None:
        settings = self._model.settings
        preset = settings.preset
        self.preset.set_value(preset)
        product = factors(np.array(settings.kernel))
        self.words.setText("\n".join(filter(None, (PRESETS.get(preset, OWN_FILTER)[1], product))))
        self.sizes.set_value(str(settings.size))
        self.grid.show_kernel(settings.kernel)
        total = settings.total
        self.total.setText(text.number(round(total, 4)))
        self.divide.setChecked(settings.divide and bool(total))
        self.divide.setEnabled(bool(total))
        self.divide.setToolTip(
            tr("So that a plain grey stays as bright as it is")
            if total
            else tr("The sum is 0: there is nothing to divide by")
        )
        self.turned.setChecked(settings.turned)
        self.named.setText(tr("convolution") if settings.turned else tr("correlation"))
        self.scale.set_amount(settings.scale)
        self.bias.set_amount(settings.bias)
