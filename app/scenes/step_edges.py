"""Where the weights between two layers of the step scene stand: lines, and pills that do not cover each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from app.scenes.step_places import FLAT, FLAT_APART, PILL, EdgeLine, Sizes

if TYPE_CHECKING:
    from app.snapshots import NodeView


def edge_lines(
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
        if is_crowd(before, node, sizes):
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


def is_crowd(before: NodeView, after: NodeView, sizes: Sizes) -> bool:
    """Whether there are too many weights between two layers for each to have its pill on its line."""
    several = min(before.units, after.units) > 1 or not sizes.crowd
    return after.kind == "Dense" and several and before.units * after.units > sizes.crowd
