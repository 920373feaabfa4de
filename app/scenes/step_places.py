"""What the drawing of the step scene is made of: sizes, and the places of boxes, lines and blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from app.scenes.hits import Hit, HitIndex
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Hashable

    from app.snapshots import NetworkView

# The drawing shows every number up to here; beyond it layers become blocks.
MOST_UNITS = 6
MOST_EDGES = 25

NODE, INPUT, LOSS = (128.0, 104.0), (96.0, 52.0), (128.0, 72.0)
HEADER, LEGEND, MARGIN, PILL = 68.0, 34.0, 30.0, (76.0, 34.0)
#: Of many weights between two layers each has one line, in a stack before the neuron that adds them up.
FLAT, FLAT_APART = (124.0, 15.0), 16.0
ROW, FIRST_ROW = 17.0, 38.0
#: Of the loss, whose box is low.
LOSS_ROW = 15.0
BLOCK, BLOCK_GAP = (148.0, 186.0), (44.0, 34.0)
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


@dataclass(frozen=True)
class Sizes:
    """How large neurons are.

    Attributes
    ----------
    row, top
        Height of a row, and where the first begins.
    aside
        Room for the name at the left of the rows; 0 if it stands above them.
    gap
        Between two neurons at least.
    least
        Height at least.
    crowd
        With more weights between several neurons and several others, pills would lie on lines that are not theirs.
    """

    row: float
    top: float
    aside: float
    gap: float
    least: float
    crowd: int

    def height(self, rows: int) -> float:
        """Of a neuron with so many rows."""
        return max(self.least, self.top + rows * self.row + 4.0)


AIRY = Sizes(ROW, FIRST_ROW - 12.5, 0.0, 22.0, NODE[1], 11)
#: Where the window is low: names stand beside the numbers, before these shrink.
DENSE = Sizes(13.5, 4.0, 26.0, 4.0, 0.0, 5)
#: Of the height of a drawing inputs take so much.
INPUTS = 0.86
#: The smallest scale at which the airy sizes are used.
AIRY_SCALE = 0.85


@dataclass(frozen=True)
class RowBox:
    """One line of a node: its label, the cell it shows and its colour."""

    label: str
    tensor: str
    index: tuple[int, ...]
    role: str
    rect: QRectF
    text: str = ""


@dataclass(frozen=True)
class UnitBox:
    """A neuron, an input or the loss; `layer` is the node: the call of the layer."""

    id: str
    layer: str
    index: int
    title: str
    rect: QRectF
    rows: tuple[RowBox, ...]
    kind: str
    #: Room for the title where it stands beside the rows; 0 above them.
    aside: float = 0.0


@dataclass(frozen=True)
class EdgeLine:
    """A weight between two neurons, with the pill that shows it; layers are the nodes: calls of layers."""

    layer: str
    source_layer: str
    source: int
    target: int
    start: QPointF
    end: QPointF
    pill: QRectF | None
    kernel: str

    @property
    def flat(self) -> bool:
        """Whether its pill has its numbers side by side."""
        return self.pill is not None and self.pill.height() < PILL[1]

    def halves(self) -> tuple[QRectF, QRectF]:
        """Return where the weight and its gradient stand in the pill."""
        assert self.pill is not None
        x, y = self.pill.x(), self.pill.y()
        w, h = self.pill.width(), self.pill.height()
        if self.flat:
            cut = round(0.46 * w)
            return QRectF(x, y, cut, h), QRectF(x + cut, y, w - cut, h)
        return QRectF(x, y, w, h / 2), QRectF(x, y + h / 2, w, h / 2)


@dataclass(frozen=True)
class Block:
    """A call of a layer (`id` is the node) drawn as one block, with the tensors it holds."""

    id: str
    layer: str
    title: str
    shape: str
    rect: QRectF
    tensors: tuple[tuple[str, str, QRectF], ...]


@dataclass(frozen=True)
class StepLayout:
    """Rectangles of the unscaled drawing, and the scale to paint it with; `hits` are in painted pixels.

    Arrows have the corners of their way, and the node they lead to.
    """

    key: Hashable
    size: tuple[float, float]
    width: float
    height: float
    scale: float
    detail: str
    headers: tuple[tuple[float, str, str], ...]
    units: tuple[UnitBox, ...]
    edges: tuple[EdgeLine, ...]
    blocks: tuple[Block, ...]
    arrows: tuple[tuple[tuple[QPointF, ...], str], ...]
    loss: QRectF
    hits: HitIndex


def loss_box(loss: QRectF, first: float, row: float, called: str) -> UnitBox:
    """The box of the loss: the target, what the sample that is shown loses, and the loss of the whole batch.

    Parameters
    ----------
    first, row
        How far down the first number is, and how high each.
    called
        Short name of the loss.
    """
    named = (
        ("y", "targets", "tx2"),
        (tr("ℓ sample"), "loss/rows", "loss"),
        (tr("L batch"), "loss", "loss"),
    )
    rows = tuple(
        RowBox(label, tensor, (), role,
               QRectF(loss.x() + 4, loss.y() + first + k * row, loss.width() - 8, row))
        for k, (label, tensor, role) in enumerate(named)
    )  # fmt: skip
    return UnitBox("loss", "", 0, called.replace(" ", r"\ "), loss, rows, "loss")


def hit_index(hits: list[tuple[QRectF, str]], scale: float) -> HitIndex:
    """Hit rectangles in painted pixels, large ones first so that what lies inside them wins."""
    items = []
    for rect, identifier in sorted(hits, key=lambda hit: -hit[0].width() * hit[0].height()):
        kind, _, rest = identifier.partition(":")
        layer = rest.split(":")[0]
        box = (rect.x() * scale, rect.y() * scale, rect.width() * scale, rect.height() * scale)
        items.append(Hit(identifier, kind, layer, (), box))
    return HitIndex(tuple(items))


def detail(spec: NetworkView) -> str:
    """Return "numbers" for a network small enough to show every value, else "blocks"."""
    edges, before = 0, 0
    for node in spec.nodes:
        if node.kind not in ("Input", "Dense", "Activation", "Dropout", "ReLU", "Softmax"):
            return "blocks"
        if len(node.shape) != 1 or node.units > MOST_UNITS or len(node.inputs) > 1:
            return "blocks"
        if node.kind == "Dense":
            edges += before * node.units
        before = node.units
    if len(spec.nodes) > 4 or not spec.nodes:
        return "blocks"
    return "numbers" if edges <= MOST_EDGES else "blocks"


def number_text(index: int) -> str:
    """Return 12 as subscripts."""
    return "".join(SUBSCRIPTS[int(digit)] for digit in str(index))


def shape_text(shape: tuple[int, ...]) -> str:
    """Sizes of axes as people write them: 28×28×1."""
    return "×".join(map(str, shape))
