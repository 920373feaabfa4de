"""Updates of racers as terms: all formulas give the engine's numbers, pictures and captions say what is so."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QImage

from app import theme
from app.scenes import draw, race_terms_paint
from app.scenes.formula_inline import inline
from app.scenes.race_captions import caption, n
from app.scenes.race_looks import looks
from app.scenes.race_terms import SQUARES, Picture, picture
from app.scenes.race_update import AXIS, BEFORE, GRADIENT, KEEP, NEXT, POINT, RAW, STEP, Update
from core import landscape
from core.expressions import evaluate
from core.landscape.race import KINDS, Race, Racer

#: Every kind as it is taught, and settings that add lines: (kind, more of its optimizer, more of the racer).
_MORE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "centered": ("rmsprop", {"centered": True, "momentum": 0.9, "learning_rate": 0.01}, {}),
    "clipped": ("batch", {"clipnorm": 1.0, "weight_decay": 0.1}, {}),
    "cut": ("adam", {"clipvalue": 0.5}, {}),
    "scheduled": ("adam", {"learning_rate": {"kind": "CosineDecay", "initial_learning_rate": 0.1,
                                             "decay_steps": 60}}, {}),
    "uncorrected": ("adam", {}, {"bias_correction": False}),
    "uncorrected-nadam": ("nadam", {}, {"bias_correction": False}),
    "uncorrected-adamax": ("adamax", {}, {"bias_correction": False}),
}  # fmt: skip
CASES = (*(one.name for one in KINDS), *_MORE)
STEPS = 60


def _racer(case: str) -> Racer:
    kind, more, own = _MORE.get(case, (case, {}, {}))
    found = next(one for one in KINDS if one.name == kind)
    return Racer(id=case, kind=kind, optimizer={**found.optimizer, **more}, **own)


@lru_cache(maxsize=64)
def _path(case: str, surface: str = "beale", batch: int | None = None) -> landscape.Trajectory:
    racer = _racer(case)
    ground = landscape.surface(surface)
    start = (0.7, 1.55) if surface == "beale" else ground.start
    return landscape.trajectory(
        ground, racer.optimizer, start, STEPS, batch_size=batch, bias_correction=racer.bias_correction
    )  # fmt: skip


def _update(case: str, step: int, **more: Any) -> Update:
    return Update(_racer(case), _path(case, **more), step)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("step", [0, 1, 40])
def test_every_formula_gives_the_number_that_is_shown(case: str, step: int) -> None:
    update = _update(case, step)
    for one in update.terms:
        formula = update.formula(one.name)
        if formula is None:
            continue
        for axis in (0, 1):
            got = evaluate(formula, lambda name, _, k=axis: update.number(name, k))
            np.testing.assert_allclose(
                got, update.number(one.name, axis), rtol=1e-11, err_msg=one.name
            )


@pytest.mark.parametrize("case", CASES)
def test_terms_lead_from_the_point_to_the_next(case: str) -> None:
    path, update = _path(case), _update(case, 7)
    names = [one.name for one in update.terms]
    assert names[0] == POINT
    assert names[-1] == NEXT
    assert STEP in names
    assert GRADIENT in names
    assert len(set(names)) == len(names)
    assert update.value(POINT) == pytest.approx(path.positions[7], abs=0)
    assert update.value(NEXT) == pytest.approx(path.positions[8], abs=0)
    # What every line of the rule has computed is in the table.
    lines = {line.name for line in update.optimizer.rule() if line.shown}
    assert lines <= set(names)
    # A formula reads what stands above it, or what was remembered.
    for k, one in enumerate(update.terms):
        for text in re.findall(r"tensor='([^']+)'", str(one.formula)):
            known = text.endswith(BEFORE) or text in ("rate", "grad/length") or text in names[:k]
            assert known, (one.name, text)


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("centered",)])
def test_the_rate_of_an_axis_times_its_direction_is_the_step(case: str) -> None:
    update = _update(case, 25)
    if update.term(AXIS) is None:
        assert not any(one.name in SQUARES for one in update.terms)
        return
    direction = next(
        name for name in ("m_corrected", "m", GRADIENT) if update.term(name) is not None
    )
    if update.term("effective_rate") is not None:
        # Keras folds the corrections into the rate.
        direction = "m"
    got = -update.value(AXIS) * update.value(direction)
    np.testing.assert_allclose(got, update.value(STEP), rtol=1e-11)


def test_the_last_moment_has_a_slope_and_no_update() -> None:
    update = _update("adam", STEPS)
    assert update.last
    assert picture(update) is None
    np.testing.assert_array_equal(update.value(GRADIENT), _path("adam").gradients[-1])
    assert np.isnan(update.value(STEP)).all()
    assert caption(update, STEP) == "The race is over: no step follows."


def test_who_is_gone_has_no_picture_and_says_when() -> None:
    racer = Racer(id="wild", kind="batch", optimizer={"kind": "SGD", "learning_rate": 5.0})
    ground = landscape.surface("beale")
    path = landscape.trajectory(ground, racer.optimizer, (0.7, 1.55), STEPS)
    assert path.left is not None
    for step in range(STEPS + 1):
        update = Update(racer, path, step)
        found = picture(update)
        assert (found is None) == (step >= path.left)
        said = {caption(update, one.name) for one in update.terms}
        if step >= path.left:
            assert said == {f"Batch gradient descent is gone: diverged after {path.left} steps."}


# -- pictures


@pytest.mark.parametrize("case", CASES)
def test_a_picture_grows_term_by_term(case: str) -> None:
    update = _update(case, 40)
    before: set[str] = set()
    for revealed in range(len(update.terms)):
        found = picture(update, revealed)
        assert found is not None
        words = {one.words for one in found.arrows}
        assert before <= words
        before = words
        named = {one.term for one in found.arrows}
        assert named <= {one.name for one in update.terms[: revealed + 1]}
        assert (found.ahead is not None) == (revealed >= update.place(STEP))
    whole = picture(update)
    assert whole is not None
    assert {one.words for one in whole.arrows} == before
    assert {"downhill", "step"} <= before
    adaptive = any(one.name in SQUARES for one in update.terms)
    assert bool(whole.areas) == adaptive == (whole.rates is not None)


def test_nothing_is_there_before_the_gradient() -> None:
    found = picture(_update("adam", 40), 0)
    assert found == Picture(title="Adam, next step", point=found.point) if found else False


@pytest.mark.parametrize("case", CASES)
def test_arrows_are_the_terms_vectors(case: str) -> None:
    path, update = _path(case), _update(case, 40)
    found = picture(update)
    assert found is not None
    arrows = {one.words: one for one in found.arrows}
    g, rate = path.terms["g"][40], path.terms["rate"][40]
    assert arrows["downhill"].vector == pytest.approx(tuple(-g))
    assert arrows["downhill"].move == pytest.approx(tuple(-rate * g))
    assert arrows["step"].move == pytest.approx(tuple(path.terms["step"][40]))


def test_momentum_and_downhill_make_the_step_together() -> None:
    found = picture(_update("momentum", 40))
    assert found is not None
    moves = {one.words: np.array(one.move) for one in found.arrows}
    np.testing.assert_allclose(moves["momentum"] + moves["downhill"], moves["step"], rtol=1e-12)


def test_nesterov_looks_ahead_from_where_downhill_leads() -> None:
    path = _path("nesterov")
    found = picture(_update("nesterov", 40))
    assert found is not None
    arrows = {one.words: one for one in found.arrows}
    ahead = arrows["look ahead"]
    np.testing.assert_allclose(np.add(ahead.begin, ahead.move), path.terms["step"][40], rtol=1e-12)
    # The ball with the textbook's rule is at the point minus what it has looked ahead.
    ball = path.positions[40] - 0.9 * path.terms["velocity"][39]
    np.testing.assert_allclose(found.ball or (0, 0), ball, rtol=1e-12)
    # It runs by the textbook: v = μ v − η g(θ + μ v), θ = θ + v.
    v = 0.9 * path.terms["velocity"][39] - 0.01 * path.terms["g"][40]
    after = picture(_update("nesterov", 41))
    assert after is not None
    np.testing.assert_allclose(after.ball or (0, 0), ball + v, rtol=1e-12)


def test_the_area_has_the_roots_as_sides_and_grows_by_its_correction() -> None:
    path, update = _path("adam"), _update("adam", 40)
    grown, small = picture(update), picture(update, update.place("v"))
    assert grown is not None
    assert small is not None
    (grown_area,), (small_area,) = grown.areas, small.areas
    np.testing.assert_allclose(np.square(grown_area.sides), path.terms["v_corrected"][40])
    np.testing.assert_allclose(np.square(small_area.sides), path.terms["v"][40])
    assert grown_area.inner == pytest.approx(small_area.sides)
    assert grown_area.sides[0] > small_area.sides[0]
    assert grown_area.now == pytest.approx(tuple(np.abs(path.terms["g"][40])))


def test_what_amsgrad_divides_by_is_compared_corrected() -> None:
    path, found = _path("amsgrad"), picture(_update("amsgrad", 40))
    assert found is not None
    (area,) = found.areas
    corrected = path.terms["v_max"][40] / path.terms["square_correction"][40]
    np.testing.assert_allclose(np.square(area.sides), corrected)
    assert area.inner == pytest.approx(tuple(np.sqrt(path.terms["v_max"][40])))


def test_adadeltas_rate_is_the_root_of_one_area_over_that_of_the_other() -> None:
    path, update = _path("adadelta"), _update("adadelta", 40)
    found = picture(update)
    assert found is not None
    gradients, steps = found.areas
    epsilon = float(_racer("adadelta").optimizer["epsilon"])
    np.testing.assert_allclose(
        np.square(gradients.sides), path.terms["accumulated_grad"][40] + epsilon
    )
    # The step is measured by those before it; its own comes into their average afterwards.
    np.testing.assert_allclose(
        np.square(steps.sides), path.terms["accumulated_delta"][39] + epsilon
    )
    assert found.rates is not None
    ratio = np.divide(steps.sides, gradients.sides)
    np.testing.assert_allclose(found.rates, float(update.value("rate")) * ratio)
    np.testing.assert_allclose(steps.now, ratio * gradients.now)
    np.testing.assert_allclose(steps.now, np.abs(path.terms["delta"][40]))
    assert (gradients.tag, steps.tag) == (r"\sqrt{E+ε}", r"\sqrt{D+ε}")
    # It comes with the direction that it measures.
    before, then = (picture(update, update.place(name)) for name in ("accumulated_grad", "delta"))
    assert before is not None
    assert then is not None
    assert before.areas == (gradients,)
    assert then.areas == (gradients, steps)
    words = [line[2:] for line in race_terms_paint._lines(found)]
    assert len(set(words)) == len(words)
    assert ("steps of before", steps.tag) in words
    assert ("gradients of before", gradients.tag) in words


def test_the_glyph_has_room_for_each_area() -> None:
    found = picture(_update("adadelta", 40))
    assert found is not None
    both = race_terms_paint._glyph_size(found).height()
    one = race_terms_paint._glyph_size(_first_area(found)).height()
    assert both - one == race_terms_paint._SIDE + 18
    whole, less = _painted(found, "dark"), _painted(_first_area(found), "dark")
    assert whole != less


def _first_area(found: Picture) -> Picture:
    return replace(found, areas=found.areas[:1])


def test_of_a_curve_the_area_is_a_square() -> None:
    ground = landscape.surface("non-convex-curve")
    racer = _racer("adam")
    path = landscape.trajectory(ground, racer.optimizer, ground.start, STEPS)
    found = picture(Update(racer, path, 5, ground.variables))
    assert found is not None
    (area,) = found.areas
    assert area.sides[0] == area.sides[1] > 0
    assert area.now == pytest.approx((abs(path.gradients[5, 0]),) * 2)
    _painted(found, "dark")


def test_words_at_arrows_stay_clear_of_what_stands_on_the_map() -> None:
    found = picture(_update("adam", 40))
    assert found is not None
    ground = theme.THEMES["dark"].bg0

    def cards(image: QImage, box: QRect) -> int:
        inside = [
            image.pixelColor(x, y)
            for x in range(box.left(), box.right())
            for y in range(box.top(), box.bottom())
        ]
        return sum(_near(color, theme.THEMES["dark"].line2) for color in inside)

    plain = _painted(found, "dark")
    # The quarter with most words in it is covered by something else.
    quarters = [QRect(x, y, 200, 200) for x in (0, 200) for y in (0, 200)]
    worst = max(quarters, key=lambda box: cards(plain, box))
    assert cards(plain, worst) > 20
    small = worst.adjusted(20, 20, -20, -20)
    clear = _painted(found, "dark", (QRectF(small),))
    assert cards(clear, small) < cards(plain, small)
    assert clear.pixelColor(2, 2) == ground


def _painted(found: Picture, name: str, covered: tuple[QRectF, ...] = ()) -> QImage:
    image = QImage(400, 400, QImage.Format.Format_RGB32)
    colors = theme.THEMES[name]
    image.fill(colors.bg0)
    race = Race(racers=(_racer("adam"),))
    with draw.painting(image, (400, 400)) as painter:
        race_terms_paint.paint(
            painter, colors, looks(race)["adam"], found, QPointF(200, 200), (60.0, -60.0), QRectF(0, 0, 400, 400),
            covered,
        )  # fmt: skip
    return image


def _near(a: QColor, b: QColor) -> bool:
    return all(abs(x - y) < 12 for x, y in zip(a.getRgb()[:3], b.getRgb()[:3], strict=True))


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("to_scale", [False, True])
def test_the_gradient_points_downhill_in_its_colour(name: str, to_scale: bool) -> None:
    update = _update("adam", 40)
    found = picture(update, update.place(GRADIENT), to_scale=to_scale)
    assert found is not None
    image, bwd = _painted(found, name), theme.THEMES[name].bwd
    shown = np.array(found.arrows[0].move if to_scale else found.arrows[0].vector) * (60, -60)
    length = float(np.hypot(*shown))
    way = shown / length
    reach = 0.5 * min(length, 300) if to_scale else 50
    there, behind = 200 + way * reach, 200 - way * reach
    assert _near(image.pixelColor(*map(round, there)), bwd)
    assert not _near(image.pixelColor(*map(round, behind)), bwd)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["dark", "light"])
def test_everything_can_be_painted(case: str, name: str) -> None:
    for step in (0, 40):
        found = picture(_update(case, step))
        assert found is not None
        image = _painted(found, name)
        ground = theme.THEMES[name].bg0
        assert any(
            image.pixelColor(x, y) != ground for x in range(0, 400, 7) for y in range(0, 400, 7)
        )
        size = race_terms_paint.legend_size(found)
        assert 184 <= size.width() <= 260
        legend = QImage(280, 320, QImage.Format.Format_RGB32)
        with draw.painting(legend, (280, 320)) as painter:
            look = looks(Race(racers=(_racer(case),)))[case]
            race_terms_paint.paint_legend(
                painter, theme.THEMES[name], look, found, QRectF(4, 4, size.width(), size.height())
            )


# -- captions

PLACES = range(0, STEPS, 3)


@pytest.mark.parametrize("case", CASES)
def test_every_term_has_a_caption_that_ends_as_sentences_do(case: str) -> None:
    for step in (0, 1, 40, STEPS):
        update = _update(case, step)
        for one in update.terms:
            said = caption(update, one.name)
            assert said.endswith("."), (case, step, one.name, said)
            assert "{" not in said
            assert "nan" not in said.lower()


@pytest.mark.parametrize("case", CASES)
def test_captions_of_steps_say_what_is_so(case: str) -> None:
    path = _path(case)
    for step in PLACES:
        update = _update(case, step)
        g, move = path.terms["g"][step], path.terms["step"][step]
        cosine = float(-g @ move / np.hypot(*g) / np.hypot(*move))
        said = caption(update, STEP)
        assert ("uphill" in said) == (cosine < 0), said
        if "straight" in said:
            assert cosine > np.cos(np.radians(1.01))
        if found := re.search(r"(\d+)° off downhill", said):
            assert abs(float(found[1]) - np.degrees(np.arccos(cosine))) <= 0.51
        assert n(float(np.hypot(*move))) in said
        after = caption(update, NEXT)
        assert ("falls" in after) == (path.losses[step + 1] < path.losses[step])
        if "too far" in after:
            assert path.losses[step + 1] > path.losses[step]
            assert path.gradients[step] @ move < 0


@pytest.mark.parametrize("case", CASES)
def test_captions_of_what_is_kept_say_what_is_so(case: str) -> None:
    path = _path(case)
    told = 0
    for step in PLACES:
        update = _update(case, step)
        g = path.terms["g"][step]
        for name, sign in (("velocity", 1.0), ("momentum", -1.0)):
            if update.term(name) is None:
                continue
            said, told = caption(update, name), told + 1
            now = sign * path.terms[name][step]
            before = sign * path.terms[name][step - 1] if step else np.zeros(2)
            assert ("nothing to keep" in said) == (step == 0)
            if not step:
                continue
            faster = np.hypot(*now) > np.hypot(*before)
            assert ("uphill here" in said) == (before @ -g < 0), said
            assert not ("gets faster" in said and not faster)
            assert not ("brakes" in said and faster)
            assert not ("has been faster" in said and faster)
        if update.term("m") is not None and update.term("direction") is None:
            said, told = caption(update, "m"), told + 1
            assert ("points uphill" in said) == (
                step > 0 and float(path.terms["m"][step] @ g) < 0
            ), said
    assert told or update.term("velocity") is None


def _check_heavy(
    said: str, path: landscape.Trajectory, step: int, root: np.ndarray, letters: dict[str, int]
) -> None:
    """What is called much larger than what it divides is so, and the step is short there."""
    found = re.search(r"√\S+ is (.*), \|(g|m|m̂)\| only ([^:]*):", said)
    if found is None:
        return
    above = path.terms[{"g": "g", "m": "m", "m̂": "m_corrected"}[found[2]]]
    # Adam divides its average, and not the gradient.
    assert (found[2] == "g") == ("m" not in path.terms)
    roots = [one.split(" along ") for one in found[1].split(" and ")]
    axes = [letters[axis] for _, axis in roots]
    assert [one for one, _ in roots] == [n(root[k]) for k in axes]
    assert found[3].split(" and ") == [n(abs(above[step, k])) for k in axes]
    rates = np.abs(path.terms["step"][step]) / path.terms["rate"][step]
    if "accumulated_delta" not in path.terms:
        # Much shorter than the rate.
        assert all(rates[k] < 0.55 for k in axes)
        if len(axes) == 1:
            assert rates[axes[0]] == min(rates)
    g = path.terms["g"][: step + 1]
    for k in axes:
        if "larger gradients of before" in said:
            assert np.abs(g[:, k]).max() > 1.4 * abs(above[step, k])
        if "cancel" in said:
            assert len(set(np.sign(g[:, k]))) == 2


def test_the_first_picture_says_where_adams_step_is_short() -> None:
    # The steep start is long over; the gradient is small along y alone, but what is divided is its average.
    found = landscape.trajectory(
        landscape.surface("beale"), _racer("adam").optimizer, (0.7, 1.55), 120
    )
    said = caption(Update(_racer("adam"), found, 90), STEP)
    assert (
        "√v̂ is 7.11 along x and 9.5 along y, |m̂| only 0.558 and 1.05: larger gradients of before"
        in said
    )


@pytest.mark.parametrize("step", [0, 5, 58])
def test_without_correction_first_steps_are_too_long(step: int) -> None:
    same = {"epsilon": 1e-12}
    racer = msgspec.structs.replace(_racer("adam"), bias_correction=False)
    racer = msgspec.structs.replace(racer, optimizer={**racer.optimizer, **same})
    ground = landscape.surface("beale")
    path = landscape.trajectory(ground, racer.optimizer, (0.7, 1.55), STEPS, bias_correction=False)
    said = caption(Update(racer, path, step), "effective_rate")
    found = re.search(r"√v more than m: this step is (\S+) times as long", said)
    assert found is not None, said
    # The same averages, corrected by hand.
    m = path.terms["m"][step] / (1 - 0.9 ** (step + 1))
    v = path.terms["v"][step] / (1 - 0.999 ** (step + 1))
    times = path.terms["step"][step] / (-0.08 * m / np.sqrt(v))
    np.testing.assert_allclose(times, float(found[1]), rtol=5e-3)


def test_lion_says_whose_signs_they_are() -> None:
    path = _path("lion")
    assert "m is still 0: the signs are those of g." in caption(_update("lion", 0), "direction")
    seen = set()
    for step in range(1, STEPS):
        m, g, d = path.terms["m"][step - 1], path.terms["g"][step], path.terms["direction"][step]
        said = caption(_update("lion", step), "direction")
        for k, letter in enumerate("xy"):
            against = re.search(
                rf"Along (?:x and )?{letter}(?: and y)? g is against m(.*?)\.", said
            )
            assert (against is not None) == (m[k] * g[k] < 0), said
            if against is not None:
                assert ("which outweighs" in against[1]) == (d[k] == np.sign(m[k]))
                seen.add(against[1])
    assert seen
    # A curve has one axis.
    ground = landscape.surface("convex-curve")
    curve = landscape.trajectory(ground, _racer("lion").optimizer, ground.start, 3)
    assert "agree" in caption(Update(_racer("lion"), curve, 1, ground.variables), "direction")


def test_an_average_that_points_the_same_way_says_so() -> None:
    ground = landscape.surface("convex-curve")
    path = landscape.trajectory(ground, _racer("adam").optimizer, ground.start, 3)
    said = caption(Update(_racer("adam"), path, 1, ground.variables), "m")
    assert said.endswith("−m points the way of −g.")


def test_downhill_for_a_sample_need_not_be_downhill_for_all() -> None:
    racer = _racer("stochastic")
    path = _path("stochastic", surface="logistic-regression", batch=1)
    rose = 0
    for step in range(STEPS):
        update = Update(racer, path, step, ("w", "b"))
        assert "straight downhill for its sample" in caption(update, STEP)
        if path.losses[step + 1] > path.losses[step]:
            rose += 1
            assert "It went downhill for one sample" in caption(update, NEXT)
    assert rose
    # Where there are no samples, nothing is guessed.
    assert "no noise" in caption(
        Update(msgspec.structs.replace(racer, batch_size=1), _path("stochastic"), 3), GRADIENT
    )
    assert "no noise" not in caption(_update("batch", 3), GRADIENT)


@pytest.mark.parametrize("case", CASES)
def test_captions_of_squares_say_what_is_so(case: str) -> None:
    path = _path(case)
    letters = {"x": 0, "y": 1}
    for step in PLACES:
        update = _update(case, step)
        for one in update.terms:
            if one.name not in SQUARES:
                continue
            said = caption(update, one.name)
            root = path.terms[one.name][step] ** SQUARES[one.name]
            _check_heavy(said, path, step, root, letters)
            if "v has fallen below" in said:
                fallen = path.terms["v_max"][step] > path.terms["v"][step]
                assert [x for x, k in letters.items() if fallen[k]] == re.findall(r"\b[xy]\b", said)
        if update.term("v_corrected") is not None and "next to nothing" in caption(
            update, "v_corrected"
        ):
            assert path.terms["square_correction"][step] > 0.99


def test_a_batch_is_called_a_guess() -> None:
    path = _path("mini-batch", surface="linear-regression", batch=8)
    assert path.batches is not None
    assert path.batches.shape[1] == 8
    update = Update(_racer("mini-batch"), path, 3, ("w", "b"))
    assert "measured on 8 samples" in caption(update, GRADIENT)
    whole = Update(_racer("batch"), _path("batch", surface="linear-regression"), 3, ("w", "b"))
    assert "guess" not in caption(whole, GRADIENT)


def test_clipping_is_told_from_its_numbers() -> None:
    path = _path("clipped")
    for step in PLACES:
        update = _update("clipped", step)
        length = float(np.hypot(*path.gradients[step]))
        said = caption(update, GRADIENT)
        assert ("shortened" in said) == (length > 1.0)
        assert n(length) in said
        np.testing.assert_allclose(update.value(RAW), path.gradients[step])
        assert update.value(KEEP) == pytest.approx(1 - 0.01 * 0.1)


def test_formulas_of_the_table_are_on_one_line() -> None:
    terms = {one.name: inline(one.formula) for one in _update("adam", 0).terms if one.formula}
    assert terms["m"] == "β₁m + (1 - β₁)g"
    assert terms["m_corrected"] == "m/(1 - β₁^{t})"
    assert terms[STEP] == r"\text{−}αm/(\sqrt{v} + ε)"
    assert terms[NEXT] == "θ + Δθ"
    velocity = {
        one.name: inline(one.formula) for one in _update("nesterov", 0).terms if one.formula
    }
    # The step has the new velocity in it.
    assert velocity["velocity"] == r"βv_{t-1} - ηg"
    assert velocity[STEP] == r"βv - ηg"
    plain = {one.name: inline(one.formula) for one in _update("momentum", 0).terms if one.formula}
    assert plain["velocity"] == r"βv - ηg"
