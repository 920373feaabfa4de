"""The drawing of the step scene for networks with too many numbers to show: a block for every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from app.scenes.step_places import (
    BLOCK,
    BLOCK_GAP,
    LEGEND,
    MARGIN,
    ROW,
    Block,
    StepLayout,
    hit_index,
    loss_box,
    shape_text,
)
from app.scenes.step_values import cell_id
from app.scenes.step_ways import Ways

if TYPE_CHECKING:
    from app.scenes.frame import ViewState
    from app.snapshots import NetworkView


def blocks_layout(spec: NetworkView, size: tuple[int, int], view: ViewState) -> StepLayout:
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
    columns = best[1]
    rows = -(-count // columns)
    cells = {node.id: divmod(place, columns) for place, node in enumerate(spec.nodes)}
    ends = [(source, node.id) for node in spec.nodes for source in node.inputs if source in cells]
    if spec.nodes:
        ends.append((spec.nodes[-1].id, "loss"))
    cells["loss"] = divmod(count - 1, columns)
    ways = Ways(columns, [(cells[source], cells[target]) for source, target in ends])
    # Gaps grow with what goes through them.
    gaps = [max(BLOCK_GAP[1] if row else 30.0, ways.room(row)) for row in range(rows)]
    wide = columns * (BLOCK[0] + BLOCK_GAP[0]) - BLOCK_GAP[0] + 2 * MARGIN
    tall = rows * BLOCK[1] + sum(gaps) + LEGEND + 12
    scale = max(min(size[0] / wide, size[1] / tall, 1.0), 0.35)
    width, height = size[0] / scale, size[1] / scale
    left = (width - (columns * (BLOCK[0] + BLOCK_GAP[0]) - BLOCK_GAP[0])) / 2
    below = rows * BLOCK[1] + sum(gaps[1:])
    tops = [max(gaps[0] - 6, (height - LEGEND - below) / 2)]
    for gap in gaps[1:]:
        tops.append(tops[-1] + BLOCK[1] + gap)
    blocks: list[Block] = []
    hits: list[tuple[QRectF, str]] = []
    rects: dict[str, QRectF] = {}
    loss = QRectF()
    for place in range(count):
        x = left + (place % columns) * (BLOCK[0] + BLOCK_GAP[0])
        y = tops[place // columns]
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
        # Normalisation has a scale and a shift for each channel in the place of a kernel.
        learned = [
            (letter, weight)
            for letter, ending in (("γ", "/gamma"), ("β", "/beta"))
            for weight in node.weights
            if weight.endswith(ending)
        ]
        half = (face - 4) / 2
        for k, (letter, weight) in enumerate(learned if not kernel else ()):
            for name, called, left_at in (
                (weight, letter, x + 8),
                (f"grad/{weight}", f"∂{letter}", x + BLOCK[0] - 8 - face),
            ):
                place_of = QRectF(left_at + k * (half + 4), y + 136, half, 34)
                tensors.append((called, name, place_of))
        blocks.append(
            Block(node.id, node.layer, node.title, shape_text(node.shape), rect, tuple(tensors))
        )
        hits.append((rect, f"block:{node.id}"))
        hits += [(r, f"tensor:{name}") for _, name, r in tensors]
    rects["loss"] = loss
    pairs = [(rects[source], rects[target]) for source, target in ends]
    arrows = tuple(
        (points, target)
        for points, (_, target) in zip(ways.points(pairs, left, tops, gaps), ends, strict=True)
    )
    hits.append((loss, "loss"))
    units = (loss_box(loss, 28.0, ROW, str(view.option("loss", "L"))),)
    hits += [(row.rect, cell_id(row.tensor, ())) for row in units[0].rows]
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
        arrows,
        loss,
        hit_index(hits, scale),
    )
