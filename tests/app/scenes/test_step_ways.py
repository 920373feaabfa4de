"""Arrows between blocks can be followed: none lies behind a block or on another, also where connections are skipped."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF

from app.scenes.frame import ViewState
from app.scenes.step_layout import layout
from app.scenes.step_places import LEGEND
from app.scenes.step_ways import beside
from app.snapshots import NetworkView, NodeView

SIZES = [(704, 598), (696, 351), (1100, 620)]


def graph(seed: int, count: int) -> NetworkView:
    """A network whose nodes read the one before, and some read others as well, or the same one twice."""
    rng = np.random.default_rng(seed)
    nodes = [NodeView("n0", "n0", "Input", "Input", "4", (4,))]
    for k in range(1, count):
        reads = [k - 1, *rng.choice(k, size=min(k, int(rng.integers(0, 3))), replace=True).tolist()]
        inputs = tuple(f"n{place}" for place in reads)
        nodes.append(NodeView(f"n{k}", f"n{k}", "Add", "Add", "4", (4,), inputs=inputs))
    return NetworkView("graph", tuple(nodes))


def merging() -> NetworkView:
    """Two calls of a layer, Add, Multiply and Concatenate that skip one another."""
    reads = {
        "in": (), "d": ("in",), "d2": ("d",), "add": ("d", "d2"), "mul": ("add", "d"),
        "cat": ("mul", "add"), "out": ("cat",),
    }  # fmt: skip
    return NetworkView("merging", tuple(
        NodeView(name, name, "Add" if inputs else "Input", name, "2", (2,), inputs=inputs)
        for name, inputs in reads.items()
    ))  # fmt: skip


def pieces(points):
    """The straight parts of a way, each as (level, where across, from, to)."""
    for a, b in pairwise(points):
        level = abs(b.x() - a.x()) > abs(b.y() - a.y())
        assert min(abs(b.x() - a.x()), abs(b.y() - a.y())) < 1e-6
        low, high = sorted((a.x(), b.x()) if level else (a.y(), b.y()))
        yield level, a.y() if level else a.x(), low, high


def inside(block: QRectF, a: QPointF, b: QPointF) -> bool:
    """Whether a straight piece goes through a block, not only along its border."""
    box = block.adjusted(0.5, 0.5, -0.5, -0.5)
    return (
        max(a.x(), b.x()) > box.left() and min(a.x(), b.x()) < box.right()
        and max(a.y(), b.y()) > box.top() and min(a.y(), b.y()) < box.bottom()
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spec", [merging(), *(graph(seed, 4 + 2 * seed) for seed in range(8))])
def test_every_arrow_can_be_followed_from_its_start_to_its_end(spec, size):
    place = layout(spec, size, ViewState())
    blocks = {block.id: block.rect for block in place.blocks} | {"loss": place.loss}
    wanted = [(source, node.id) for node in spec.nodes for source in node.inputs]
    wanted.append((spec.nodes[-1].id, "loss"))
    assert [target for _, target in place.arrows] == [target for _, target in wanted]
    for (points, _), (source, target) in zip(place.arrows, wanted):
        for end, block in ((points[0], blocks[source]), (points[-1], blocks[target])):
            assert block.adjusted(-1, -1, 1, 1).contains(end)
            assert not inside(block, end, end)
        straight = len(points) == 2
        for way in (points, beside(points, 12 if straight else 6)):
            for a, b in pairwise(way):
                assert not any(inside(block, a, b) for block in blocks.values()), (source, target)
    for (one, _), (other, _) in combinations(place.arrows, 2):
        for (level, at, low, high), (too, where, first, last) in (
            (a, b) for a in pieces(one) for b in pieces(other)
        ):
            assert level != too or abs(at - where) > 1 or high <= first or last <= low
    boxes = [*blocks.values()]
    assert min(box.left() for box in boxes) >= 0
    assert max(box.right() for box in boxes) <= place.width
    if place.scale > 0.35:
        assert max(box.bottom() for box in boxes) <= place.height - LEGEND
        assert all(p.y() >= 0 for points, _ in place.arrows for p in points)
    for one, other in combinations(boxes, 2):
        assert not one.intersects(other)


def test_the_way_back_runs_beside_the_way_there():
    way = [QPointF(10, 0), QPointF(10, 20), QPointF(-40, 20), QPointF(-40, 50)]
    back = beside(way, 6)
    assert [(p.x(), p.y()) for p in back] == [(4, 0), (4, 14), (-46, 14), (-46, 50)]
    assert [(p.x(), p.y()) for p in beside([QPointF(0, 5), QPointF(40, 5)], 12)] == [(0, 17), (40, 17)]  # fmt: skip
