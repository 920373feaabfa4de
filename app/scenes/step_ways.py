"""Ways of the arrows between blocks that stand in rows: along the gaps between them, each on a lane of its own.

Neighbours in a row are joined straight. What skips blocks of its row goes over them; what goes to the next row takes
the gap between the rows; what goes further takes a gap between two columns as well. No way lies behind a block, and
no two lie on each other, so that each can be followed from its start to its end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from app.scenes.step_places import BLOCK, BLOCK_GAP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QRectF

Cell = tuple[int, int]
#: Between two lanes of a gap, and above and below all of them.
LANE, BESIDE = 12.0, 14.0
_PITCH = BLOCK[0] + BLOCK_GAP[0]


@dataclass
class _Run:
    """A piece of a way along a gap: from where to where, and on which lane."""

    low: float
    high: float
    lane: int = 0


@dataclass
class _Way:
    """How an arrow goes, across the drawing from the left edge of the first column."""

    source: Cell
    target: Cell
    #: It joins neighbours of a row; what joins the same two again goes over them.
    straight: bool
    leaves: float = 0.0
    enters: float = 0.0
    runs: list[tuple[int, _Run]] = field(default_factory=list)
    gutter: tuple[int, _Run] | None = None

    @property
    def over(self) -> bool:
        """Whether it goes over blocks of its own row."""
        return self.source[0] == self.target[0] and not self.straight


class Ways:
    """The ways of all arrows of a drawing.

    Parameters
    ----------
    columns
        Blocks in a row.
    arrows
        Row and column of the block each arrow comes from, and of that it goes to, which is later in reading order.
    """

    def __init__(self, columns: int, arrows: Sequence[tuple[Cell, Cell]]) -> None:
        self._columns = columns
        self._ways = [
            _Way(source, target, (source[0], source[1] + 1) == target and pair not in arrows[:k])
            for k, pair in enumerate(arrows)
            for source, target in [pair]
        ]
        bent = [way for way in self._ways if not way.straight]
        self._ports(bent)
        for way in bent:
            self._along(way)
        gaps: dict[int, list[_Run]] = {}
        # What goes over its own row stays near it: the shortest nearest.
        for way in sorted(bent, key=lambda way: (not way.over, abs(way.enters - way.leaves))):
            for gap, run in way.runs:
                gaps.setdefault(gap, []).append(run)
        gutters: dict[int, list[_Run]] = {}
        for way in bent:
            if way.gutter is not None:
                gutters.setdefault(way.gutter[0], []).append(way.gutter[1])
        self._lanes = {gap: _spread(runs) for gap, runs in gaps.items()}
        self._beside = {gutter: _spread(runs) for gutter, runs in gutters.items()}

    def room(self, row: int) -> float:
        """Return the height that the gap above a row needs."""
        lanes = self._lanes.get(row, 0)
        return 2 * BESIDE + (lanes - 1) * LANE if lanes else 0.0

    def points(self, rects: Sequence[tuple[QRectF, QRectF]], left: float, tops: Sequence[float],
               gaps: Sequence[float]) -> list[tuple[QPointF, ...]]:  # fmt: skip
        """Return the corners of each arrow.

        Parameters
        ----------
        rects
            The two blocks of each.
        left
            Where the first column begins.
        tops, gaps
            Where each row begins, and how high the gap above it is.
        """
        found: list[tuple[QPointF, ...]] = []
        for way, (source, target) in zip(self._ways, rects, strict=True):
            if way.straight:
                y = min(source.center().y(), target.center().y())
                found.append((QPointF(source.right(), y), QPointF(target.left(), y)))
                continue
            start = QPointF(left + way.leaves, source.top() if way.over else source.bottom())
            end = QPointF(left + way.enters, target.top())
            heights = [self._height(gap, run, tops, gaps) for gap, run in way.runs]
            xs = [start.x()]
            if way.gutter is not None:
                gutter, run = way.gutter
                lanes = self._beside[gutter]
                xs.append(left + _middle(gutter) - 4 + (run.lane - (lanes - 1) / 2) * _apart(lanes))
            xs.append(end.x())
            corners = [start]
            for (before, after), y in zip(pairwise(xs), heights, strict=True):
                corners += [QPointF(before, y), QPointF(after, y)]
            found.append((*corners, end))
        return found

    def _height(self, gap: int, run: _Run, tops: Sequence[float], gaps: Sequence[float]) -> float:
        """Where a lane lies: the first is the nearest to the row below."""
        lanes = self._lanes[gap]
        return tops[gap] - gaps[gap] / 2 + ((lanes - 1) / 2 - run.lane) * LANE

    def _ports(self, bent: list[_Way]) -> None:
        """Where ways leave and enter the blocks at a gap: beside each other, in the order of what they lead to."""
        ports: dict[Cell, list[tuple[float, int, _Way, str]]] = {}
        for number, way in enumerate(bent):
            (row, column), target = way.source, way.target
            # What leaves at the bottom is in the gap above the row below.
            above = (row if way.over else row + 1, column)
            ports.setdefault(above, []).append((target[1], number, way, "leaves"))
            ports.setdefault(target, []).append((way.source[1], number, way, "enters"))
        for (_, column), here in ports.items():
            here.sort(key=lambda port: port[:2])
            for place, (_, _, way, end) in enumerate(here, start=1):
                setattr(way, end, column * _PITCH + BLOCK[0] * place / (len(here) + 1))

    def _along(self, way: _Way) -> None:
        """Which gaps a way takes."""
        row, last = way.source[0], way.target[0]
        if way.over or last == row + 1:
            gap = row if way.over else last
            way.runs = [(gap, _run(way.leaves, way.enters))]
            return
        gutter = min(
            range(self._columns + 1),
            key=lambda g: abs(way.leaves - _middle(g)) + abs(way.enters - _middle(g)),
        )
        x = _middle(gutter)
        way.runs = [(row + 1, _run(way.leaves, x)), (last, _run(x, way.enters))]
        way.gutter = (gutter, _run(row + 1, last))


def beside(points: Sequence[QPointF], distance: float) -> list[QPointF]:
    """Return a way of right angles that runs beside another, at its right as one goes."""
    shifts = []
    for a, b in pairwise(points):
        across, down = b.x() - a.x(), b.y() - a.y()
        level = abs(across) > abs(down)
        sign = (across > 0) - (across < 0) if level else (down < 0) - (down > 0)
        shifts.append(QPointF(0, distance * sign) if level else QPointF(distance * sign, 0))
    moved = [points[0] + shifts[0]]
    for corner, before, after in zip(points[1:], shifts, shifts[1:]):
        # Two pieces of one direction have one shift.
        moved.append(corner + (before if before == after else before + after))
    return [*moved, points[-1] + shifts[-1]]


def _middle(gutter: int) -> float:
    """The middle of the gap before a column."""
    return gutter * _PITCH - BLOCK_GAP[0] / 2


def _apart(lanes: int) -> float:
    """Between two lanes of a gap between columns: these do not grow."""
    return min(LANE, (BLOCK_GAP[0] - 20.0) / max(1, lanes - 1))


def _run(one: float, other: float) -> _Run:
    return _Run(min(one, other), max(one, other))


def _spread(runs: list[_Run]) -> int:
    """Give each run the first lane that is free along it; return how many lanes there are."""
    taken: list[list[_Run]] = []
    for run in runs:
        for number, others in enumerate(taken):
            if all(run.high + 4 < o.low or o.high + 4 < run.low for o in others):
                run.lane = number
                others.append(run)
                break
        else:
            run.lane = len(taken)
            taken.append([run])
    return len(taken)
