"""The drawing of the step scene for networks with too many numbers to show: a block for every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from app.scenes.step_places import (
    BLOCK,
    BLOCK_GAP,
    LEGEND,
    MARGIN,
    ROW,
    Block,
    RowBox,
    StepLayout,
    UnitBox,
    hit_index,
    shape_text,
)
from app.scenes.step_values import cell_id

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
            Block(node.id, node.layer, node.title, shape_text(node.shape), rect, tuple(tensors))
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
        hit_index(hits, scale),
    )


def _join(source: QRectF, target: QRectF) -> tuple[QPointF, QPointF]:
    """Ends of an arrow between two blocks: to the right in a row, down to the next row otherwise."""
    if target.x() > source.x():
        y = min(source.center().y(), target.center().y())
        return QPointF(source.right(), y), QPointF(target.left(), y)
    return QPointF(source.center().x(), source.bottom()), QPointF(target.center().x(), target.top())
