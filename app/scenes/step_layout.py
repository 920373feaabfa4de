"""Where everything of the step scene stands: nodes with rows of numbers, edges with pills, or blocks of tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from app.scenes.hits import Hit, HitIndex
from app.scenes.step_values import cell_id

if TYPE_CHECKING:
    from collections.abc import Hashable

    from app.scenes.frame import ViewState
    from app.snapshots import NetworkView, NodeView

# The drawing shows every number up to here; beyond it layers become blocks.
MOST_UNITS = 6
MOST_EDGES = 25

NODE, INPUT, LOSS = (128.0, 104.0), (96.0, 52.0), (128.0, 72.0)
HEADER, LEGEND, MARGIN, PILL = 68.0, 34.0, 30.0, (76.0, 34.0)
#: Of many weights between two layers each has one line, in a stack before the neuron that adds them up.
FLAT, FLAT_APART = (124.0, 15.0), 16.0
ROW, FIRST_ROW = 17.0, 38.0
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
    """Rectangles of the unscaled drawing, and the scale to paint it with; `hits` are in painted pixels."""

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
    arrows: tuple[tuple[QPointF, QPointF, str], ...]
    loss: QRectF
    hits: HitIndex


def _index(hits: list[tuple[QRectF, str]], scale: float) -> HitIndex:
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


@lru_cache(maxsize=32)
def layout(spec: NetworkView, size: tuple[int, int], view: ViewState) -> StepLayout:
    """Lay the network out in `size`; `view.options` has "notation" ("rows" or "columns") and "loss" (its name)."""
    if detail(spec) == "numbers":
        return _numbers(spec, size, view)
    return _blocks(spec, size, view)


def unit_title(spec: NetworkView, node: NodeView, index: int) -> str:
    """Return the name of a unit: x₁, h₂, ŷ, or its label."""
    computed = [n for n in spec.nodes if n.kind != "Input"]
    mark = number_text(index + 1) if node.units > 1 else ""
    if node.kind == "Input":
        return "x" + number_text(index + 1)
    if node is computed[-1] or node.id == computed[-1].id:
        return "ŷ" + mark
    return f"a^{{{_mark(computed, node)}}}_{{{index + 1}}}"


def _mark(computed: list[NodeView], node: NodeView) -> str:
    """The number of a node's layer, as the tape counts, with a prime for each further call of the same layer."""
    layers = list(dict.fromkeys(n.layer for n in computed))
    calls = [n.id for n in computed if n.layer == node.layer]
    return f"{layers.index(node.layer) + 1}{'′' * calls.index(node.id)}"


def has_bias(node: NodeView) -> bool:
    """Tell whether a layer adds a bias to its sums."""
    return f"{node.layer}/bias" in node.weights


def _row_names(node: NodeView) -> tuple[tuple[str, str, str], ...]:
    """Label, tensor and colour of what a neuron shows."""
    names: tuple[tuple[str, str, str], ...]
    if node.kind == "Input":
        names = (("", node.output, "fwd"),)
    elif node.kind == "Dense":
        linear = node.activation in ("", "linear")
        # Without a bias the products' sum is all there is.
        biased = has_bias(node)
        z = "z" if biased else "product"
        names = (("b", f"{node.layer}/bias", "tx2"),) if biased else ()
        names += (("z", f"{node.id}/{z}", "tx2"),)
        if not linear:
            names += (("a", f"{node.id}/a", "fwd"),)
        names += (("δ", f"grad/{node.id}/{z}", "bwd"),)
    else:
        names = (("a", node.output, "fwd"), ("∂", f"grad/{node.output}", "bwd"))
    return names


def _rows(node: NodeView, index: int, rect: QRectF, sizes: Sizes) -> tuple[RowBox, ...]:
    inside = node.kind != "Input"
    top, aside = (sizes.top, sizes.aside) if inside else (24.0, 0.0)
    return tuple(
        RowBox(
            label,
            tensor,
            (index,),
            role,
            QRectF(
                rect.x() + 4 + aside,
                rect.y() + top + i * sizes.row,
                rect.width() - 8 - aside,
                sizes.row,
            ),
        )
        for i, (label, tensor, role) in enumerate(_row_names(node))
    )


def _is_crowd(before: NodeView, after: NodeView, sizes: Sizes) -> bool:
    """Whether there are too many weights between two layers for each to have its pill on its line."""
    several = min(before.units, after.units) > 1 or not sizes.crowd
    return after.kind == "Dense" and several and before.units * after.units > sizes.crowd


def _tall(nodes: tuple[NodeView, ...], sizes: Sizes, below: bool) -> float:
    """Height of the highest column."""
    heights = []
    for before, node in zip((None, *nodes), nodes):
        high = INPUT[1] if node.kind == "Input" else sizes.height(len(_row_names(node)))
        if before is not None and _is_crowd(before, node, sizes):
            high = max(high, before.units * FLAT_APART)
        # Inputs stand closer together than what they go into.
        dense = (INPUT[1] + 2.0) / INPUTS if node.kind == "Input" else 0.0
        heights.append(node.units * max(high + sizes.gap, dense))
    if below:
        heights[-1] += LOSS[1] + 40.0
    return max(heights)


def _needed(nodes: tuple[NodeView, ...], sizes: Sizes, below: bool) -> float:
    """Height without which something would lie over something else."""
    last = nodes[-1]
    # One output stands in the middle, with the loss below it.
    single = sizes.height(len(_row_names(last))) + 2 * (LOSS[1] + 30.0)
    high = _tall(nodes, sizes, below)
    return max(high, single) if below and last.units == 1 else high


def _numbers(spec: NetworkView, size: tuple[int, int], view: ViewState) -> StepLayout:
    """Pills on lines as long as none covers another, else in stacks: of many weights, of several, of all."""
    for crowd in (AIRY.crowd, DENSE.crowd, 1, 0):
        found = _drawn(spec, size, view, crowd)
        if not _covers(found):
            break
    return found


def _covers(place: StepLayout) -> bool:
    """Whether a pill lies over another or over a neuron."""
    rects = [edge.pill for edge in place.edges if edge.pill is not None]
    pills = len(rects)
    boxes = np.array([r.getCoords() for r in (*rects, *(u.rect for u in place.units))])
    low = np.maximum(boxes[:pills, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:pills, None, 2:], boxes[None, :, 2:])
    shared = (high - low).min(-1)
    shared[np.arange(pills), np.arange(pills)] = 0.0
    return bool((shared >= 1.0).any())


def _drawn(spec: NetworkView, size: tuple[int, int], view: ViewState, crowd: int) -> StepLayout:
    nodes = spec.nodes
    columns = len(nodes)
    last = nodes[-1]
    below = last.units <= 2
    # In a narrow stage the nodes give way before the numbers shrink.
    slack = 0.0 if size[0] >= 690 else min(20.0, (690 - size[0]) / 3)
    widths = [(INPUT[0] if n.kind == "Input" else NODE[0]) - slack for n in nodes]
    most = max(n.units for n in nodes)
    scale = 0.0
    for usual in (AIRY, DENSE):
        tried = replace(usual, crowd=min(usual.crowd, crowd))
        tight = [_is_crowd(before, after, tried) for before, after in pairwise(nodes)]
        between = sum(FLAT[0] + 60.0 if crowd else 122.0 for crowd in tight)
        natural_width = sum(widths) + between + 2 * MARGIN + (0 if below else 190)
        high = _needed(nodes, tried, below)
        fits = min(1.0, size[0] / natural_width, size[1] / (HEADER + high + LEGEND))
        if fits > scale + 0.02:
            sizes, tall, scale, crowds = tried, _tall(nodes, tried, below), fits, tight
        if scale >= AIRY_SCALE:
            break
    scale = max(scale, 0.4)
    width, height = size[0] / scale, size[1] / scale

    room = width - 2 * MARGIN - sum(widths) - (0 if below else LOSS[0])
    gaps = columns - 1 + (0 if below else 1)
    gap = min(room / max(gaps, 1), 300.0)
    # The first gap gets more room than the second: it carries more edges.
    weights = []
    for before, after, crowd in zip(nodes, nodes[1:], crowds, strict=False):
        weights.append(
            3.2 if crowd
            else 1.0 + 0.12 * min(before.units * after.units, 8) if after.kind == "Dense" else 0.7
        )  # fmt: skip
    total = gap * (columns - 1)
    shares = [total * w / (sum(weights) or 1.0) for w in weights]
    used = sum(widths) + total + (0 if below else gap + LOSS[0])
    x = (width - used) / 2
    top, bottom = HEADER, height - LEGEND
    middle = (top + bottom) / 2 - 6

    units: list[UnitBox] = []
    headers: list[tuple[float, str, str]] = []
    centres: list[list[QRectF]] = []
    hits: list[tuple[QRectF, str]] = []
    loss = QRectF()
    for position, node in enumerate(nodes):
        w = widths[position]
        h = INPUT[1] if node.kind == "Input" else sizes.height(len(_row_names(node)))
        final = position == columns - 1
        area_middle, area = middle, min(bottom - top, 1.3 * tall)
        if final and below:
            loss_y = min(bottom - LOSS[1] - 8, middle + area / 2 - LOSS[1] + 6)
            if node.units > 1:
                area = loss_y - 26 - (middle - area / 2)
                area_middle = middle - 0.5 * min(bottom - top, 1.3 * tall) + area / 2
        if node.kind == "Input":
            area *= INPUTS
        pitch = area / max(node.units, 1)
        if node.kind == "Input" and most > node.units:
            pitch = min(pitch, 240.0)
        rects = []
        for index in range(node.units):
            y = area_middle + (index - (node.units - 1) / 2) * pitch
            rect = QRectF(x, y - h / 2, w, h)
            rects.append(rect)
            kind = "input" if node.kind == "Input" else "unit"
            title = (
                node.labels[index]
                if kind == "input"
                and index < len(node.labels)
                and len(node.labels[index]) < 13
                and node.labels[index]
                else unit_title(spec, node, index)
            )
            rows = _rows(node, index, rect, sizes)
            aside = 0.0 if kind == "input" else sizes.aside
            identifier = f"unit:{node.id}:{index}"
            units.append(UnitBox(identifier, node.id, index, title, rect, rows, kind, aside))
            hits.append((rect, identifier))
            hits += [(r.rect, cell_id(r.tensor, r.index)) for r in rows]
        centres.append(rects)
        name = "Input" if node.kind == "Input" else "Output" if final else "Hidden"
        activation = _called(node.activation)
        headers.append(
            (
                x + w / 2,
                f"{name} · {activation}" if activation else name,
                _header(spec, node, final, view),
            )
        )
        if final:
            if below:
                loss = QRectF(x, loss_y, w, LOSS[1])
            else:
                loss = QRectF(x + w + gap, middle - LOSS[1] / 2, *LOSS)
        x += w + (shares[position] if position < columns - 1 else 0.0)

    edges = _edges(nodes, centres, sizes)
    hits += [(e.pill, f"edge:{e.layer}:{e.source}:{e.target}") for e in edges if e.pill is not None]
    for e in edges:
        if e.pill is None:
            continue
        weight, gradient = e.halves()
        hits.append((weight, cell_id(e.kernel, (e.source, e.target))))
        hits.append((gradient, cell_id(f"grad/{e.kernel}", (e.source, e.target))))
    loss_rows = (
        RowBox(
            "y",
            "targets",
            (),
            "tx2",
            QRectF(loss.x() + 4, loss.y() + FIRST_ROW - 12.5, loss.width() - 8, ROW),
        ),
        RowBox(
            str(view.option("loss", "L")),
            "loss",
            (),
            "loss",
            QRectF(loss.x() + 4, loss.y() + FIRST_ROW + ROW - 12.5, loss.width() - 8, ROW),
        ),
    )
    units.append(UnitBox("loss", "", 0, "L", loss, loss_rows, "loss"))
    hits.append((loss, "loss"))
    hits += [(row.rect, cell_id(row.tensor, ())) for row in loss_rows]
    return StepLayout(
        (spec, size, view),
        size,
        width,
        height,
        scale,
        "numbers",
        tuple(headers),
        tuple(units),
        edges,
        (),
        (),
        loss,
        _index(hits, scale),
    )


def _called(activation: str) -> str:
    """What an activation is called in titles: "step", "hard sigmoid"; nothing where there is none."""
    if activation in ("", "linear"):
        return ""
    return activation.removeprefix("binary_").replace("_", " ")


def _header(spec: NetworkView, node: NodeView, final: bool, view: ViewState) -> str:
    """The layer's formula under its name, in the notation chosen."""
    if node.kind == "Input":
        return "x"
    computed = [n for n in spec.nodes if n.kind != "Input"]
    place = computed.index(node)
    function = {"sigmoid": "σ", "relu": "ReLU"}.get(node.activation, _called(node.activation))
    if " " in function:
        function = f"\\operatorname{{{function}}}"
    before = "x" if place == 0 else f"a^{{{_mark(computed, computed[place - 1])}}}"
    out = "ŷ" if final else f"a^{{{_mark(computed, node)}}}"
    if node.kind != "Dense":
        return f"{out} = {node.kind.lower()}({before})"
    # A layer called again has the weights of its first call.
    number = _mark(computed, node).rstrip("′")
    product = f"{before}\\,W^{number}"
    if view.option("notation", "rows") == "columns":
        product = f"W^{{{number}\\top}} {before}"
    inside = f"{product} + b^{number}" if has_bias(node) else product
    return f"{out} = {function}({inside})" if function else f"{out} = {inside}"


def _edges(
    nodes: tuple[NodeView, ...], centres: list[list[QRectF]], sizes: Sizes
) -> tuple[EdgeLine, ...]:
    """Lines of every Dense layer; pills stand where they do not cover one another."""
    result: list[EdgeLine] = []
    for position, node in enumerate(nodes[1:], start=1):
        before = nodes[position - 1]
        sources, targets = centres[position - 1], centres[position]
        if node.kind != "Dense":
            for index in range(min(len(sources), len(targets))):
                start, end = _ends(sources[index], targets[index])
                result.append(EdgeLine(node.id, before.id, index, index, start, end, None, ""))
            continue
        if _is_crowd(before, node, sizes):
            result += _stacked(before, node, sources, targets)
            continue
        lines = [
            (i, j, *_ends(source, target))
            for i, source in enumerate(sources)
            for j, target in enumerate(targets)
        ]
        for (i, j, start, end), pill in zip(lines, _pills([line[2:] for line in lines])):
            result.append(
                EdgeLine(node.id, before.id, i, j, start, end, pill, f"{node.layer}/kernel")
            )
    return tuple(result)


def _stacked(
    before: NodeView, node: NodeView, sources: list[QRectF], targets: list[QRectF]
) -> list[EdgeLine]:
    """Lines that end at their pills: these stand in a stack before each neuron, in the order of the sources."""
    found = []
    for i, source in enumerate(sources):
        for j, target in enumerate(targets):
            y = target.center().y() + (i - (len(sources) - 1) / 2) * FLAT_APART
            pill = QRectF(target.left() - 4 - FLAT[0], y - FLAT[1] / 2, *FLAT)
            start, _ = _ends(source, target)
            end = QPointF(pill.left(), y)
            found.append(
                EdgeLine(node.id, before.id, i, j, start, end, pill, f"{node.layer}/kernel")
            )
    return found


def _ends(source: QRectF, target: QRectF) -> tuple[QPointF, QPointF]:
    return QPointF(source.right(), source.center().y()), QPointF(target.left(), target.center().y())


def _pills(lines: list[tuple[QPointF, QPointF]]) -> list[QRectF]:
    """Put a pill on every line: all at one x where the lines lie far enough apart, else where there is room."""
    span = max(1.0, lines[0][1].x() - lines[0][0].x())
    half = (PILL[0] / 2 + 6) / span
    places = [t / 100 for t in range(20, 81, 2) if half <= t / 100 <= 1 - half] or [0.5]

    def at(line: tuple[QPointF, QPointF], t: float) -> QPointF:
        return line[0] + (line[1] - line[0]) * t

    def closest(t: float) -> float:
        heights = sorted(at(line, t).y() for line in lines)
        return min((b - a for a, b in pairwise(heights)), default=1e9)

    good = [t for t in places if closest(t) >= PILL[1] + 5]
    if good:
        # Not too near a node: the line should be seen on both sides of its pill.
        t = min(good, key=lambda t: abs(t - 0.36))
        return [_around(at(line, t)) for line in lines]
    t = max(places, key=closest)
    if closest(t) > PILL[1]:
        return [_around(at(line, t)) for line in lines]
    return _apart(lines, places)


#: Times every pill looks for a better place among the others.
_SWEEPS = 8


def _apart(lines: list[tuple[QPointF, QPointF]], places: list[float]) -> list[QRectF]:
    """Pills where they cover one another least: each in turn takes the best place on its line, a few times over."""
    t = np.array(places)
    begin = np.array([(a.x(), a.y()) for a, _ in lines])
    end = np.array([(b.x(), b.y()) for _, b in lines])
    # (lines, places, 2) middles of all pills that there could be
    spots = begin[:, None] + (end - begin)[:, None] * t[:, None]
    room = np.array(PILL) + 4.0
    taken = np.full((len(lines), 2), np.inf)
    liked = np.abs(t - 0.4)
    for sweep in range(_SWEEPS):
        moved = False
        for k in range(len(lines)):
            with np.errstate(invalid="ignore"):
                apart = np.abs(spots[k][:, None] - np.delete(taken, k, 0))
                shared = np.maximum(room - apart, 0.0).prod(-1).sum(-1)
            best = spots[k, int((shared + liked).argmin())]
            moved |= bool((best != taken[k]).any())
            taken[k] = best
        if sweep and not moved:
            break
    return [_around(QPointF(x, y)) for x, y in taken.tolist()]


def _around(point: QPointF) -> QRectF:
    return QRectF(point.x() - PILL[0] / 2, point.y() - PILL[1] / 2, *PILL)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _blocks(spec: NetworkView, size: tuple[int, int], view: ViewState) -> StepLayout:
    """Layers as blocks in reading order, wrapped; the loss is the last block."""
    count = len(spec.nodes) + 1
    best = (0.0, 1)
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        wide = columns * (BLOCK[0] + BLOCK_GAP[0]) - BLOCK_GAP[0] + 2 * MARGIN
        tall = rows * (BLOCK[1] + BLOCK_GAP[1]) - BLOCK_GAP[1] + 30 + LEGEND + 12
        fit = min(size[0] / wide, size[1] / tall, 1.0)
        if fit > best[0] + 1e-6:
            best = (fit, columns)
    scale, columns = max(best[0], 0.35), best[1]
    width, height = size[0] / scale, size[1] / scale
    rows = -(-count // columns)
    left = (width - (columns * (BLOCK[0] + BLOCK_GAP[0]) - BLOCK_GAP[0])) / 2
    top = max(24.0, (height - LEGEND - rows * (BLOCK[1] + BLOCK_GAP[1]) + BLOCK_GAP[1]) / 2)
    blocks: list[Block] = []
    hits: list[tuple[QRectF, str]] = []
    rects: dict[str, QRectF] = {}
    loss = QRectF()
    for place in range(count):
        x = left + (place % columns) * (BLOCK[0] + BLOCK_GAP[0])
        y = top + (place // columns) * (BLOCK[1] + BLOCK_GAP[1])
        rect = QRectF(x, y, *BLOCK)
        if place == count - 1:
            loss = QRectF(x, y, BLOCK[0], 96.0)
            break
        node = spec.nodes[place]
        rects[node.id] = rect
        tensors: list[tuple[str, str, QRectF]] = []
        face = 62.0
        # Flatten, Reshape: the same numbers in another order, there is nothing of their own to show.
        moves = node.kind in ("Flatten", "Reshape", "Permute")
        if not moves:
            tensors.append(("a", node.output, QRectF(x + 8, y + 50, face, face)))
        if node.kind != "Input" and not moves:
            tensors.append(
                (
                    "δ",
                    f"grad/{node.output}",
                    QRectF(x + BLOCK[0] - 8 - face, y + 50, face, face),
                )
            )
        kernel = next((w for w in node.weights if w.endswith("kernel")), "")
        if kernel:
            tensors.append(("W", kernel, QRectF(x + 8, y + 136, face, 34)))
            tensors.append(
                ("∂W", f"grad/{kernel}", QRectF(x + BLOCK[0] - 8 - face, y + 136, face, 34))
            )
        blocks.append(
            Block(node.id, node.layer, node.title, _shape(node.shape), rect, tuple(tensors))
        )
        hits.append((rect, f"block:{node.id}"))
        hits += [(r, f"tensor:{name}") for _, name, r in tensors]
    arrows: list[tuple[QPointF, QPointF, str]] = []
    arrows += [
        (*_join(rects[source], rects[node.id]), node.id)
        for node in spec.nodes
        for source in node.inputs
        if source in rects
    ]
    if spec.nodes:
        arrows.append((*_join(rects[spec.nodes[-1].id], loss), "loss"))
    hits.append((loss, "loss"))
    loss_rows = (
        RowBox(
            "y", "targets", (), "tx2", QRectF(loss.x() + 4, loss.y() + 28, loss.width() - 8, ROW)
        ),
        RowBox(
            str(view.option("loss", "L")),
            "loss",
            (),
            "loss",
            QRectF(loss.x() + 4, loss.y() + 28 + ROW, loss.width() - 8, ROW),
        ),
    )
    hits += [(row.rect, cell_id(row.tensor, ())) for row in loss_rows]
    units = (UnitBox("loss", "", 0, "L", loss, loss_rows, "loss"),)
    return StepLayout(
        (spec, size, view),
        size,
        width,
        height,
        scale,
        "blocks",
        (),
        units,
        (),
        tuple(blocks),
        tuple(arrows),
        loss,
        _index(hits, scale),
    )


def _join(source: QRectF, target: QRectF) -> tuple[QPointF, QPointF]:
    """Ends of an arrow between two blocks: to the right in a row, down to the next row otherwise."""
    if target.x() > source.x():
        y = min(source.center().y(), target.center().y())
        return QPointF(source.right(), y), QPointF(target.left(), y)
    return QPointF(source.center().x(), source.bottom()), QPointF(target.center().x(), target.top())
