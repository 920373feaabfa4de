"""Levels of detail, hit index and paging."""

from __future__ import annotations

import numpy as np
import pytest

from app.scenes import edges, registry
from app.scenes.frame import Frame, Phase, ViewState
from app.scenes.network_layout import layout
from app.scenes.signals import arrived, progress, travelling
from app.snapshots import NetworkView, NodeView
from app.theme import DARK
from tests.app.scenes.fixtures import big_mlp, mlp_view, trained_mlp
from tests.app.scenes.fixtures_images import cnn_view, trained_cnn
from tests.app.scenes.test_scenes import painted, words

SIZE = (948.0, 640.0)


def test_levels_of_detail() -> None:
    place = layout(mlp_view((8, 16, 17, 64, 65, 512, 513, 2), "table"), SIZE, ViewState())
    assert [c.level for c in place.columns] == [
        "numbers",
        "numbers",
        "tiles",
        "tiles",
        "cells",
        "cells",
        "block",
        "tiles",
    ]


def test_more_than_300_edges_leave_no_room_for_numbers() -> None:
    place = layout(mlp_view((30, 10, 16), "table"), SIZE, ViewState())
    assert place.columns[1].level == "numbers"
    place = layout(mlp_view((31, 10), "table"), SIZE, ViewState())
    assert place.columns[1].level == "tiles"


def test_large_layers_say_how_many_edges_are_drawn() -> None:
    place = layout(mlp_view((64, 64), "table"), SIZE, ViewState())
    assert place.bundles[0].reduced
    assert place.bundles[0].count == 4096


@pytest.mark.parametrize("size", [(948.0, 640.0), (600.0, 380.0), (1848.0, 900.0)])
@pytest.mark.parametrize("sizes", [(2, 8, 8, 8, 8, 2), (4, 3, 1), (20, 16, 48, 200, 700, 2)])
def test_units_do_not_overlap_and_stay_between_header_and_legend(
    sizes: tuple[int, ...], size: tuple[float, float]
) -> None:
    place = layout(mlp_view(sizes, "table"), size, ViewState())
    right = 0.0
    for column in place.columns:
        assert column.x >= right
        right = column.x + column.width
        assert column.y >= 60
        assert column.y + column.height <= size[1] - 40
        for k in range(len(column.centers) - 1):
            gap = np.abs(column.centers[k + 1] - column.centers[k]).max()
            assert gap >= column.tile
    assert right <= size[0]


def test_the_hit_index_finds_what_was_painted() -> None:
    spec, shots = trained_mlp((4, 8, 8, 6, 1), 60, 120)
    place = layout(spec, SIZE, ViewState())
    for column in place.columns:
        for unit in range(len(column.centers)):
            x, y = (float(v) for v in column.centers[unit])
            hit = place.hits.at(x, y)
            assert hit is not None
            assert hit.id == f"unit:{column.node.id}:{unit}"
    # Painting only that unit's value anew changes pixels inside its rectangle and nowhere far from it.
    hit = place.hits.get("unit:dense_2:3")
    assert hit is not None
    from dataclasses import replace

    key = "plane:dense_2/output"
    other = shots[-1].values[key].copy()
    other[3] *= -1
    changed = replace(shots[-1], values={**shots[-1].values, key: other})
    a = words(painted("network", spec, (948, 640), Frame(None, shots[-1])))
    b = words(painted("network", spec, (948, 640), Frame(None, changed)))
    rows, columns = np.nonzero(a != b)
    x, y, w, h = hit.rect
    assert len(rows) > 200
    assert x - 1 <= columns.min()
    assert columns.max() <= x + w + 1
    assert y - 1 <= rows.min()
    assert rows.max() <= y + h + 1


def test_edges_are_found_where_they_run() -> None:
    place = layout(mlp_view((4, 8, 8, 6, 1)), SIZE, ViewState())
    bundle = place.bundles[1]
    for i, j in ((0, 0), (3, 5), (7, 1)):
        u = 0.12
        x = bundle.x0 + u * (bundle.x1 - bundle.x0)
        y = float(bundle.y0[i] + (bundle.y1[j] - bundle.y0[i]) * edges.height_at(u))
        hit = place.edge_at(x, y)
        assert hit is not None
        assert hit.node == "dense_2"
        assert hit.index[0] == i
    assert place.edge_at(2.0, 2.0) is None


def test_describing_an_edge_multiplies_real_numbers() -> None:
    spec, shots = trained_mlp((4, 8, 8, 6, 1), 60, 120)
    scene = registry.scene("network")
    place = scene.layout(spec, SIZE, ViewState())
    bundle = place.bundles[1]
    hit = place.edge_at(float(bundle.x0) + 1.0, float(bundle.y0[2]))
    assert hit is not None
    lines = scene.describe(place, hit, Frame(None, shots[-1]))
    i, j = hit.index
    w = float(shots[-1].values["dense_2/kernel"][i, j])
    a = float(shots[-1].values["sample:dense_1/output"][i])
    assert lines[0] == f"Weight H1·{i + 1} → H2·{j + 1}"
    shown = [float(line.split("\t")[1].replace("\N{MINUS SIGN}", "-")) for line in lines[1:3]]
    assert shown == pytest.approx([w, w * a], abs=5.1e-4)


def test_maps_are_paged_by_sixteen() -> None:
    nodes = (
        NodeView("input", "input", "Input", "Input", "", (32, 32, 3)),
        NodeView(
            "c", "c", "Conv2D", "Conv2D 40", "", (32, 32, 40), "relu", ("c/kernel",), ("input",)
        ),
    )
    spec = NetworkView("n", nodes, "image")
    scene = registry.scene("maps")
    first = scene.layout(spec, (800.0, 400.0), ViewState()).columns[1]
    last = scene.layout(spec, (800.0, 400.0), ViewState(pages=(("c", 2),))).columns[1]
    beyond = scene.layout(spec, (800.0, 400.0), ViewState(pages=(("c", 9),))).columns[1]
    assert (first.first, first.shown) == (0, 16)
    assert (last.first, last.shown) == (32, 8)
    assert (beyond.first, beyond.shown) == (32, 8)
    hits = scene.layout(spec, (800.0, 400.0), ViewState()).hits
    assert hits.get("page:c:1") is not None
    assert hits.get("map:c:16") is None


@pytest.mark.parametrize("size", [(1008.0, 400.0), (620.0, 300.0), (1500.0, 600.0)])
def test_map_columns_do_not_overlap(size: tuple[float, float]) -> None:
    place = registry.scene("maps").layout(cnn_view(), size, ViewState())
    right = 0.0
    for column in place.columns:
        assert column.x >= right
        right = column.x + column.width
        assert column.y + column.height <= size[1]
    assert right <= size[0]


def test_map_hits_are_where_maps_are() -> None:
    spec, _ = trained_cnn(20)
    place = registry.scene("maps").layout(spec, (1008.0, 400.0), ViewState())
    hit = place.hits.get("map:conv2d_2:9")
    assert hit is not None
    x, y, w, h = hit.rect
    assert place.hits.at(x + w / 2, y + h / 2) == hit


def test_signals_move_forward_and_come_back() -> None:
    assert travelling(Phase("forward", 1.5), 5) == (1, 0.5)
    assert travelling(Phase("backward", 0.0), 5) == (3, 1.0)
    assert travelling(Phase("backward", 3.999), 5)[0] == 0  # type: ignore[index]
    assert travelling(Phase("forward", 4.0), 5) is None
    assert travelling(Phase("update", 0.5), 5) is None
    assert travelling(Phase("forward", 1.5, still=True), 5) is None
    assert progress(Phase("forward", 1.6), 1, 5) == 1.0
    assert progress(Phase("forward", 1.6), 2, 5) == pytest.approx(0.6)
    assert progress(Phase("backward", 0.5), 4, 5) == 1.0
    assert progress(None, 1, 5) is None
    assert arrived(Phase("forward", 1.6), 3, 5) == 0.0
    assert arrived(Phase("backward", 1.6), 3, 5) == 1.0
    assert arrived(None, 3, 5) == 1.0


def test_reduced_motion_marks_the_layer_and_moves_nothing() -> None:
    spec, shots = trained_mlp((4, 8, 8, 6, 1), 60, 120)
    still = [
        words(
            painted(
                "network",
                spec,
                (948, 640),
                Frame(shots[-2], shots[-1], 1.0, Phase("forward", at, still=True)),
            )
        )
        for at in (1.3, 1.6)
    ]
    # Between two layers only the bar under a header differs.
    rows, _ = np.nonzero(still[0] != still[1])
    assert rows.size
    assert rows.max() < 60


def test_weights_change_only_with_the_update() -> None:
    from app.scenes.network import weights_of

    _, shots = trained_mlp((4, 8, 8, 6, 1), 60, 120)
    before, after = shots[-2], shots[-1]
    kernel = "dense_2/kernel"
    old, new = before.values[kernel], after.values[kernel]
    assert (old != new).any()
    for direction in ("forward", "backward"):
        shown = weights_of(Frame(before, after, 0.5, Phase(direction, 1.0)), kernel)  # type: ignore[arg-type]
        assert shown is old
    assert weights_of(Frame(before, after, 1.0, Phase("update", 1.0)), kernel) is new
    half = weights_of(Frame(before, after, 0.9, Phase("update", 0.5)), kernel)
    np.testing.assert_allclose(half, (old + new) / 2, rtol=1e-5)


def test_big_layers_paint_with_a_note() -> None:
    spec, shots = big_mlp()
    place = layout(spec, SIZE, ViewState())
    assert {c.level for c in place.columns} == {"tiles", "cells", "block"}
    image = words(painted("network", spec, (948, 640), Frame(None, shots[-1])))
    assert (image != DARK.bg0.rgb()).mean() > 0.1
