"""Where everything of the step scene stands: nodes with rows of numbers, edges with pills, or blocks of tensors."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF

from app.scenes.step_blocks import blocks_layout
from app.scenes.step_edges import edge_lines, is_crowd
from app.scenes.step_places import (
    AIRY,
    AIRY_SCALE,
    DENSE,
    FIRST_ROW,
    FLAT,
    FLAT_APART,
    HEADER,
    INPUT,
    INPUTS,
    LEGEND,
    LOSS,
    LOSS_ROW,
    MARGIN,
    NODE,
    RowBox,
    Sizes,
    StepLayout,
    UnitBox,
    detail,
    hit_index,
    loss_box,
    number_text,
)
from app.scenes.step_values import cell_id

if TYPE_CHECKING:
    from app.scenes.frame import ViewState
    from app.snapshots import NetworkView, NodeView


@lru_cache(maxsize=32)
def layout(spec: NetworkView, size: tuple[int, int], view: ViewState) -> StepLayout:
    """Lay the network out in `size`; `view.options` has "notation" ("rows" or "columns") and "loss" (its name)."""
    if detail(spec) == "numbers":
        return _numbers(spec, size, view)
    return blocks_layout(spec, size, view)


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


def _tall(nodes: tuple[NodeView, ...], sizes: Sizes, below: bool) -> float:
    """Height of the highest column."""
    heights = []
    for before, node in zip((None, *nodes), nodes):
        high = INPUT[1] if node.kind == "Input" else sizes.height(len(_row_names(node)))
        if before is not None and is_crowd(before, node, sizes):
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
        tight = [is_crowd(before, after, tried) for before, after in pairwise(nodes)]
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

    edges = edge_lines(nodes, centres, sizes)
    hits += [(e.pill, f"edge:{e.layer}:{e.source}:{e.target}") for e in edges if e.pill is not None]
    for e in edges:
        if e.pill is None:
            continue
        weight, gradient = e.halves()
        hits.append((weight, cell_id(e.kernel, (e.source, e.target))))
        hits.append((gradient, cell_id(f"grad/{e.kernel}", (e.source, e.target))))
    called = str(view.option("loss", "L"))
    units.append(loss_box(loss, FIRST_ROW - 12.5, LOSS_ROW, called))
    hits.append((loss, "loss"))
    hits += [(row.rect, cell_id(row.tensor, ())) for row in units[-1].rows]
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
        hit_index(hits, scale),
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
