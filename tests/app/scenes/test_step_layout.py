"""Small networks in Step: in every window each weight is told from the others, and numbers can be read."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from app.scenes.frame import ViewState
from app.scenes.step_layout import layout
from app.scenes.step_places import MOST_EDGES, MOST_UNITS, detail
from tests.app.scenes.fixtures import mlp_view

#: The drawing in windows of 1440 x 900, 1024 x 600, and that with notes and a what-if bar.
LARGE, SMALL, LOW = (704, 598), (696, 351), (696, 311)
NETWORKS = [
    sizes
    for first in range(1, MOST_UNITS + 1)
    for second in range(1, MOST_UNITS + 1)
    for last in (1, 2, 3)
    if first * second + second * last <= MOST_EDGES
    for sizes in [(first, second, last)]
]


@pytest.mark.parametrize("size", [LARGE, SMALL, LOW])
@pytest.mark.parametrize("units", [(3, 1), *NETWORKS])
def test_nothing_lies_over_anything_else_and_numbers_can_be_read(units, size):
    spec = mlp_view(units)
    assert detail(spec) == "numbers"
    place = layout(spec, size, ViewState())
    pills = [edge.pill for edge in place.edges if edge.pill is not None]
    assert len(pills) == sum(a * b for a, b in pairwise(units))
    boxes = [unit.rect for unit in place.units] + pills
    for one, other in combinations(boxes, 2):
        shared = one.intersected(other)
        assert shared.isEmpty() or min(shared.width(), shared.height()) < 1, (one, other)
    for unit in place.units:
        assert all(unit.rect.contains(row.rect) for row in unit.rows), unit.id
        assert unit.rect.right() <= place.width
        assert unit.rect.bottom() <= place.height - 20
    # Letters are 11.5 high before they are scaled.
    assert place.scale * 11.5 > (7.0 if size == LOW else 8.0)
    if units in ((4, 5, 1), (2, 3, 2)):
        assert place.scale * 11.5 > (8.0 if size == LOW else 9.0)


@pytest.mark.parametrize("size", [LARGE, SMALL])
@pytest.mark.parametrize("units", NETWORKS)
def test_a_pill_stands_on_its_own_line(units, size):
    place = layout(mlp_view(units), size, ViewState())
    for edge in place.edges:
        if edge.pill is None:
            continue
        if edge.flat:
            assert edge.end.x() == edge.pill.left()
            assert edge.end.y() == edge.pill.center().y()
            continue
        share = (edge.pill.center().x() - edge.start.x()) / (edge.end.x() - edge.start.x())
        assert 0 < share < 1
        on = edge.start + (edge.end - edge.start) * share
        assert on.y() == pytest.approx(edge.pill.center().y())
    # Stacks stand in the order of the sources, so that their lines do not cross one another.
    for one, other in combinations([edge for edge in place.edges if edge.flat], 2):
        if (one.layer, one.target) == (other.layer, other.target):
            assert (one.source < other.source) == (one.end.y() < other.end.y())
    found = {hit.id for hit in place.hits.items}
    for edge in place.edges:
        assert f"edge:{edge.layer}:{edge.source}:{edge.target}" in found
