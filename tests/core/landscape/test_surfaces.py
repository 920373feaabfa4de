"""Surfaces: values, gradients, pictures, documents; the machine beside its reference in NumPy."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from core import landscape
from core.errors import SettingError
from core.expressions import evaluate, to_tex
from core.landscape import FormulaError, Surface, race, reference
from core.landscape.reading import read

FORMULAS = (
    "x^2 + 10*y^2", "sin(x)*cos(y) + tan(x/3)", "exp(-x^2)*log(y^2 + 1) + ln(5 + x)", "sqrt(x^2 + y^2 + 1)",
    "atan(x*y) + asin(x/10) + acos(y/10)", "sinh(x) - cosh(y)*tanh(x*y)", "sigmoid(x*y) + softplus(3*y - x)",
    "relu(x - 0.3) * abs(y)", "max(x, y, x*y) + min(x^2, y^2)", "sign(x)*y + x^3", "abs(x)^1.5 + (y^2)^0.3",
    "(x^2 + 1)^y + 2^(x*y)", "x^-2 + y^-3", "x^7/(1 + y^6)", "x^20 - y^17", "1/(x*y)", "x/y/(x + 7)", "-(-x)^3 - -y",
    "x^0 + y^1", "2x - 3y", "pi*x + e*y", "x",
)  # fmt: skip


def every() -> list[Surface]:
    return [
        *(landscape.surface(name) for name in landscape.names()),
        landscape.surface("valley", condition=100.0),
        landscape.surface("linear-regression", scaled=True),
        landscape.surface("linear-regression", data="weight-height"),
        landscape.surface("logistic-regression", data="weight-height", scaled=True),
        landscape.surface("linear-regression", data="penguins"),
        landscape.surface("logistic-regression", data="iris"),
        *map(landscape.formula, FORMULAS),
    ]


def points_of(surface: Surface, count: int = 60) -> np.ndarray:
    rng = np.random.default_rng(1)
    (x0, x1), (y0, y1) = surface.domain
    found = np.stack([rng.uniform(x0, x1, count), rng.uniform(y0, y1, count)], axis=1)
    if len(surface.variables) == 1:
        found[:, 1] = 0.0
    return found


@pytest.mark.parametrize("surface", every(), ids=lambda one: str(one.to_document()))
def test_the_machine_computes_what_the_reference_does(surface: Surface) -> None:
    points = points_of(surface)
    inputs = list(points.T)
    if surface.samples is not None:
        u, t = surface.samples.u, surface.samples.t
        inputs = [
            points[:, :1] + 0 * u,
            points[:, 1:] + 0 * u,
            u + 0 * points[:, :1],
            t + 0 * points[:, :1],
        ]
    value, dx, dy = reference.evaluated(surface.program, inputs)
    if surface.samples is not None:
        value, dx, dy = value.mean(axis=1), dx.mean(axis=1), dy.mean(axis=1)
    np.testing.assert_allclose(surface.values(points), value, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        surface.gradients(points), np.stack([dx, dy], 1), rtol=1e-11, atol=1e-12
    )


@pytest.mark.parametrize("surface", every(), ids=lambda one: str(one.to_document()))
def test_the_formulas_shown_are_those_computed(surface: Surface) -> None:
    points = points_of(surface, 8)
    rows: list[tuple[float, float]] = [(0.0, 0.0)]
    if surface.samples is not None:
        rows = list(zip(surface.samples.u, surface.samples.t, strict=True))
    for point, height, slope in zip(
        points, surface.values(points), surface.gradients(points), strict=True
    ):
        found = []
        for expression in (surface.expression, *surface.derivatives):
            to_tex(expression)
            values = [
                evaluate(expression, lambda name, _, at=(*point, *row): dict(zip((*surface.variables, "u", "t"), at
                         if len(surface.variables) == 2 else (at[0], *at[2:]), strict=False))[name])
                for row in rows
            ]  # fmt: skip
            found.append(sum(values) / len(values))
        wanted = [height, *slope[: len(surface.variables)]]
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("name", landscape.names())
def test_minima_are_the_lowest_places(name: str) -> None:
    surface = landscape.surface(name)
    heights = surface.grid(*surface.domain, 81, 61)
    assert heights.shape == (61, 81)
    assert np.isfinite(heights).all()
    (x0, x1), (y0, y1) = surface.domain
    assert x0 < surface.start[0] < x1
    assert y0 < surface.start[1] < y1
    assert np.linalg.norm(surface.gradients(surface.start)) > 1e-3
    if name in ("saddle", "monkey-saddle"):
        assert surface.minima == ()
        return
    lowest = surface.values(surface.minima)
    np.testing.assert_allclose(lowest, lowest[0], atol=1e-12)
    assert heights.min() >= lowest[0] - 1e-12
    np.testing.assert_allclose(surface.gradients(surface.minima), 0.0, atol=1e-12)
    assert all(x0 < x < x1 and y0 < y < y1 for x, y in surface.minima)
    assert surface.note.endswith(".")
    assert surface.source


def test_a_grid_stands_upright_and_holds_its_edges() -> None:
    heights = landscape.formula("x + 10*y").grid((0, 1), (2, 4), 3, 5)
    np.testing.assert_allclose(heights[0], [20, 20.5, 21])
    np.testing.assert_allclose(heights[:, 0], [20, 25, 30, 35, 40])
    curve = landscape.surface("convex-curve").grid((-1, 1), (-9, 9), 3, 2)
    np.testing.assert_array_equal(curve, [[1, 0, 1], [1, 0, 1]])


def test_where_a_formula_has_no_value_there_is_a_hole() -> None:
    surface = landscape.formula("log(x) + 1/y")
    values = surface.values([(1, 1), (-1, 1), (0, 1), (1, 0)])
    np.testing.assert_array_equal(np.isnan(values), [False, True, True, True])
    assert np.isnan(surface.gradients([(-1.0, 1.0)])).all()
    assert math.isfinite(surface.values(surface.start))
    heights = surface.grid((-1, 1), (0.5, 1), 5, 2)
    np.testing.assert_array_equal(np.isnan(heights[0]), [True, True, True, False, False])


@pytest.mark.parametrize(
    ("text", "at", "slope"),
    [
        ("abs(x) + y", (0, 0), (0, 1)),
        ("relu(x) + y", (0, 0), (0, 1)),
        ("max(x, 3y)", (0, 0), (0.5, 1.5)),
        ("min(x, 3y)", (0, 0), (0.5, 1.5)),
        ("sqrt(x^2 + y^2)", (0, 0), (0, 0)),
        ("sign(x) + y", (0, 0), (0, 1)),
        ("x^0.5 + y", (0, 0), (math.nan, math.nan)),
    ],
)
def test_slopes_at_kinks_are_those_that_are_told(
    text: str, at: tuple[float, float], slope: tuple[float, float]
) -> None:
    np.testing.assert_array_equal(landscape.formula(text).gradients(at), slope)


def test_values_take_one_point_or_many_and_nothing_else() -> None:
    surface = landscape.surface("bowl")
    assert surface.values((1, 2)).shape == ()
    assert float(surface.values((1, 2))) == 5
    assert surface.gradients((1, 2)).tolist() == [2, 4]
    assert surface.values(np.zeros((0, 2))).shape == (0,)
    with pytest.raises(SettingError, match="pairs of numbers"):
        surface.values([1, 2, 3])
    with pytest.raises(SettingError, match="cannot be made"):
        surface.grid((0, 1), (0, 1), 0, 5)
    with pytest.raises(SettingError, match="range of x"):
        surface.grid((1, 0), (0, 1), 5, 5)


@pytest.mark.parametrize("surface", every(), ids=lambda one: str(one.to_document()))
def test_a_document_holds_a_surface(surface: Surface) -> None:
    import json

    again = landscape.from_document(json.loads(json.dumps(surface.to_document())))
    assert again == surface
    assert again.start == surface.start
    assert again.domain == surface.domain
    np.testing.assert_array_equal(
        again.values(points_of(surface)), surface.values(points_of(surface))
    )


def test_typed_surfaces_know_their_shape() -> None:
    assert landscape.formula("x^2").variables == ("x",)
    assert landscape.formula("x^2").start[1] == 0.0
    assert landscape.formula("y^2").variables == ("x", "y")
    steep = landscape.formula(
        "(1 - x)^2 + 100*(y - x^2)^2", domain=((-2, 2), (-1, 3)), title="Mine"
    )
    assert (steep.log, steep.title, steep.kind) == (True, "Mine", "formula")
    assert steep.domain == ((-2, 2), (-1, 3))
    assert not landscape.formula("x + y").log
    assert not landscape.formula("3 + 0*x").log


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("3 + pi", "neither x nor y"), ("sqrt(-1 - x^2)", "no value anywhere"), ("x/0", "no value")],
)
def test_formulas_without_a_surface_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(FormulaError, match=sentence) as error:
        landscape.formula(text)
    assert (error.value.place, error.value.length) == (0, len(text))


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("beale", "not as 'beale'"),
        ({}, "needs its kind"),
        ({"kind": "beal"}, "Did you mean 'beale'"),
        ({"kind": "valley", "conditon": 3}, "Did you mean 'condition'"),
        ({"kind": "valley", "condition": 0.5}, "condition"),
        ({"kind": "bowl", "condition": 2}, "no argument 'condition'"),
        ({"kind": "linear-regression", "data": "hour"}, "Did you mean 'hours'"),
        ({"kind": "linear-regression", "data": {"u": [1]}}, "two lists"),
        ({"kind": "linear-regression", "data": {"u": [1, 1], "t": [1, 2]}}, "different u"),
        ({"kind": "linear-regression", "data": {"u": [1, float("nan")], "t": [1, 2]}}, "finite"),
        ({"kind": "logistic-regression", "data": {"u": [1, 2], "t": [1, 2]}}, "labels"),
        (
            {"kind": "linear-regression", "data": {"u": [*range(101)], "t": [*range(101)]}},
            "2 to 100",
        ),
        ({"kind": "linear-regression", "data": None}, "two lists"),
        ({"kind": "linear-regression", "scaled": "very"}, "yes or no"),
        ({"kind": "bowl", "name": "mine"}, "no argument 'name'"),
        ({"kind": "formula", "text": "x +"}, "missing"),
        ({"kind": "formula", "text": "x", "domain": [[0, 0], [0, 1]]}, "range of x"),
        ({"kind": "formula", "text": "x", "domain": 3}, "two ranges"),
        ({"kind": "formula", "text": "x", "colour": 3}, "no 'colour'"),
        ({"kind": "formula"}, "no formula yet"),
    ],
)
def test_documents_that_hold_no_surface_are_refused(document: object, sentence: str) -> None:
    with pytest.raises((SettingError, FormulaError), match=sentence):
        landscape.from_document(document)


def test_regressions_take_the_learners_own_points() -> None:
    points = {"u": [0, 1, 2, 3], "t": [1, 3, 5, 7], "names": ["day", "height"]}
    surface = landscape.surface("linear-regression", data=points)
    assert surface.samples is not None
    assert surface.samples.names == ("day", "height")
    np.testing.assert_allclose(surface.minima[0], (2, 1), atol=1e-12)
    parted = {"u": [0, 1, 2, 3], "t": [0, 0, 1, 1]}
    assert landscape.surface("logistic-regression", data=parted).minima == ()
    assert landscape.data("bowl") == ()
    for name in ("linear-regression", "logistic-regression"):
        for data in landscape.data(name):
            for scaled in (False, True):
                surface = landscape.surface(name, data=data, scaled=scaled)
                np.testing.assert_allclose(surface.gradients(surface.minima), 0, atol=1e-9)


MEASURED = [
    (kind, data)
    for kind in ("linear-regression", "logistic-regression")
    for data in ("iris", "penguins")
]


@pytest.mark.parametrize(("kind", "data"), MEASURED)
def test_measured_points_come_first_with_units_and_where_they_are_from(
    kind: str, data: str
) -> None:
    assert set(landscape.data(kind)[:2]) == {"iris", "penguins"}
    for scaled in (False, True):
        surface = landscape.surface(kind, data=data, scaled=scaled)
        samples = surface.samples
        assert samples is not None
        assert 50 <= len(samples.u) <= 100
        assert not samples.u.flags.writeable
        assert samples.origin.startswith(f"{len(samples.u)} of the ")
        assert samples.origin.endswith("(CC0).")
        feature, target = samples.names
        assert feature.endswith("scaled" if scaled else ("(cm)", "(kg)"))
        assert "(" not in feature or not scaled
        assert target.endswith("(cm)") == (kind == "linear-regression")
        # Exact, wherever the weights are.
        np.testing.assert_allclose(surface.gradients(surface.minima), 0, atol=1e-12)
        (x0, x1), (y0, y1) = surface.domain
        for x, y in (*surface.minima, surface.start):
            assert x0 < x < x1
            assert y0 < y < y1


def test_measured_points_are_those_of_the_tables() -> None:
    from core.data.measured import FLOWERS, PENGUINS

    # Means of both measurements of each species, as they are told of Fisher's table.
    table = np.array(FLOWERS, np.float64)
    means = [table[table[:, 2] == k, :2].mean(axis=0) / 10 for k in range(3)]
    np.testing.assert_allclose(means, [(1.462, 0.246), (4.26, 1.326), (5.552, 2.026)], atol=1e-9)
    birds = np.array(PENGUINS)
    assert birds.shape == (67, 3)
    assert set(birds[:, 2]) == {0, 1}
    assert birds[:, 0].min() >= 2700
    assert birds[:, 0].max() <= 6300
    # Of males and females there are about as many: neighbours in the table are couples.
    assert abs(birds[:, 2].mean() - 0.5) < 0.05
    males = landscape.surface("logistic-regression", data="penguins").samples
    assert males is not None
    np.testing.assert_array_equal(males.t, birds[:, 2])


@pytest.mark.parametrize(("kind", "data"), MEASURED)
def test_racers_with_their_usual_rates_get_on_where_points_are_measured(
    kind: str, data: str
) -> None:
    surface = landscape.surface(kind, data=data)
    sides = np.ptp(np.array(surface.domain), axis=1)
    lowest = float(surface.values(surface.minima[0]))
    for racer in ("adam", "momentum", "nesterov", "rmsprop", "adagrad"):
        way = landscape.trajectory(surface, race.kind(racer).optimizer, surface.start, 120)
        assert way.left is None
        assert np.linalg.norm((way.positions[-1] - way.positions[0]) / sides) > 0.1, racer
        # Most of the height above the minimum is gone, and the valley's floor is still ahead, or was reached.
        assert way.losses[-1] - lowest < 0.3 * (way.losses[0] - lowest), racer


def test_documents_without_points_mean_what_they_have_always_meant() -> None:
    for kind in ("linear-regression", "logistic-regression"):
        surface = landscape.from_document({"kind": kind})
        assert surface.settings == {"data": "hours", "scaled": False}
        assert surface.samples is not None
        assert surface.samples.origin == ""
    assert surface.domain == ((-1.05, 3.66), (-22.2, 6.68))
    assert surface.start == (-0.108, -0.54)


def test_scaling_the_feature_makes_the_bowl_round() -> None:
    def condition(surface: Surface) -> float:
        at = np.array(surface.minima[0])
        h = 1e-4
        rows = [
            (surface.gradients(at + d) - surface.gradients(at - d)) / (2 * h) for d in h * np.eye(2)
        ]
        sizes = np.linalg.eigvalsh(np.array(rows))
        return float(sizes[1] / sizes[0])

    assert condition(landscape.surface("linear-regression", scaled=True)) == pytest.approx(
        1, rel=1e-6
    )
    assert condition(landscape.surface("linear-regression")) > 50
    assert condition(landscape.surface("valley", condition=64.0)) == pytest.approx(64, rel=1e-6)


def test_reading_a_formula_needs_no_numba() -> None:
    code = (
        "import sys; from core import landscape; landscape.formula('x^2 + y').to_document(); "
        "[landscape.surface(name) for name in landscape.names()]; assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name", [name for name in landscape.names() if landscape.surface(name).minima]
)
def test_the_lowest_place_of_a_typed_surface_is_found(name: str) -> None:
    known = landscape.surface(name)
    if known.samples is not None:
        assert known.lowest == known.minima
        return
    typed = landscape.formula(known.text, domain=known.domain)
    if name == "ackley":
        return  # at its tip there is no curvature
    (found,) = typed.lowest
    assert min(math.dist(found, place) for place in known.minima) < 1e-7


@pytest.mark.parametrize("text", ["x + y", "x^2 - y^2", "x^3 - 3*x*y^2", "exp(x) + y^2", "-x^2"])
def test_without_a_lowest_place_none_is_told(text: str) -> None:
    assert landscape.formula(text).lowest == ()


def test_formulas_shown_have_a_number_where_floating_point_has_one() -> None:
    for text, wanted in (("x^-1", math.inf), ("(x - 1)^0.5", math.nan), ("10^(400 + x)", math.inf)):
        found = evaluate(read(text), lambda *_: 0.0)
        assert found == wanted or (math.isnan(found) and math.isnan(wanted))


def test_the_start_of_a_typed_surface_is_no_hole() -> None:
    for text in ("sqrt(-x - 2.375) + y", "log(y - 1.99) + x^2", "1/(x - 1) + y"):
        surface = landscape.formula(text)
        assert math.isfinite(surface.values(surface.start))
