"""Effects by themselves: their races can be run, and what is said of them is so."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from app.engine.questions.racing import RaceAnswer, raced
from app.optimizers.effects import EFFECTS, Outcome, Variant, measured
from app.optimizers.effects.learning_rate import word as rate_word
from app.optimizers.effects.samples import curvature, steepest_sample
from core import landscape, schedules
from core.landscape.race import KINDS, MOST_RACERS, Race, check, first_race, new_racer, run


def answered(variants: tuple[Variant, ...]) -> dict[str, RaceAnswer]:
    """Run the races as the engine does when it is asked."""
    found = {}
    for ground in dict.fromkeys(one.ground for one in variants):
        on_it = [one for one in variants if one.ground == ground]
        joint = msgspec.structs.replace(on_it[0].race, racers=tuple(one.racer for one in on_it))
        asked = raced(None, race=joint)
        while ground not in found:
            try:
                next(asked)
            except StopIteration as end:
                found[ground] = end.value
    return found


def outcomes(name: str, race: Race | None = None, racer: str = "adam") -> tuple[Outcome, ...]:
    race = race or first_race()
    own = race.racer(racer)
    assert own is not None
    variants = EFFECTS.get(name).variants(race, own)
    return measured(variants, answered(variants))


def told(name: str, found: tuple[Outcome, ...]) -> str:
    return EFFECTS.get(name).told(found)


@pytest.mark.parametrize("effect", [one.name for one in EFFECTS.all()])
def test_every_racer_has_every_effect(effect: str) -> None:
    for kind in KINDS:
        race = msgspec.structs.replace(first_race(), steps=30, racers=())
        racer = new_racer(race, kind.name)
        race = msgspec.structs.replace(race, racers=(racer,))
        variants = EFFECTS.get(effect).variants(race, racer)
        assert len({one.title for one in variants}) == len(variants) <= MOST_RACERS
        for ground in {one.ground for one in variants}:
            racers = tuple(one.racer for one in variants if one.ground == ground)
            check(msgspec.structs.replace(variants[0].race, racers=racers))
        found = measured(variants, answered(variants))
        assert len(told(effect, found)) > 20
        words = [EFFECTS.get(effect).word(one, found) for one in found]
        assert all(words)
        assert "nan" not in " ".join((told(effect, found), *words)).lower()


def test_a_compared_race_is_the_race_it_would_be_alone() -> None:
    for one in outcomes("learning-rate"):
        alone = list(run(one.variant.race))[-1][0]
        assert np.array_equal(alone.positions, one.path.positions, equal_nan=True)


def test_rates_are_sorted_by_how_they_went() -> None:
    found = outcomes("learning-rate", racer="momentum")
    lasts = [one.last for one in found]
    best = int(np.nanargmin(lasts))
    words = [rate_word(one, found) for one in found]
    assert words[best] == "lowest"
    assert words[0] == "too small"
    for one, word in zip(found, words, strict=True):
        assert (one.left is not None) == word.startswith("diverges")
        if word == "good":
            assert one.last - lasts[best] <= 0.05 * (one.first - lasts[best])
    gone = [one.variant.title for one in found if one.left is not None]
    assert found[best].variant.title in told("learning-rate", found)
    assert f"From {gone[0]} on it diverges" in told("learning-rate", found)
    rates = [one.variant.racer.optimizer["learning_rate"] for one in found]
    assert rates[4] == 0.002
    assert np.allclose(np.diff(np.log10(rates)), 0.5, atol=0.02)


def test_a_schedule_keeps_its_curve_when_the_rate_is_swept() -> None:
    race = first_race()
    schedule = schedules.CosineDecay(0.1, 120).to_document()
    adam = msgspec.structs.replace(
        race.racers[-1], optimizer={"kind": "Adam", "learning_rate": schedule}
    )
    race = msgspec.structs.replace(race, racers=(adam,))
    found = outcomes("learning-rate", race)
    for one in found:
        rates = one.path.terms["rate"][:10]
        assert np.allclose(rates / rates[0], found[4].path.terms["rate"][:10] / 0.1)


def test_momentum_counts_what_it_says() -> None:
    found = outcomes("momentum", racer="momentum")
    without, heavy = found[0], found[-1]
    losses = heavy.path.losses
    rises = sum(1 for k in range(120) if losses[k + 1] > losses[k])
    assert heavy.rises == rises > without.rises
    assert f"rises in {rises} of 120 steps" in told("momentum", found)
    quickest = min(one.finish for one in found if one.finish is not None)
    assert f"after {quickest} steps" in told("momentum", found)
    # Adagrad has none: descent shows it.
    race = first_race()
    shown = EFFECTS.get("momentum").variants(race, new_racer(race, "adagrad"))
    assert {one.racer.optimizer["kind"] for one in shown} == {"SGD"}
    assert [one.racer.optimizer["momentum"] for one in shown] == [0.0, 0.5, 0.8, 0.9, 0.95, 0.99]


def test_fewer_samples_lead_uphill_more_often() -> None:
    found = outcomes("batch-size")
    samples = found[0].surface.samples
    assert samples is not None
    sizes = [one.path.batches.shape[1] if one.path.batches is not None else None for one in found]
    assert sizes == [None, 8, 2, 1]
    assert found[0].rises == 0 < found[-1].rises
    sentence = told("batch-size", found)
    assert f"in 0 of 120 steps, with 1 sample in {found[-1].rises}" in sentence
    assert f"costs 120 gradients of a sample instead of {120 * len(samples.u):,}" in sentence
    # On a regression of the learner's own it is that one, with the racer as it is.
    logistic = landscape.surface("logistic-regression")
    race = msgspec.structs.replace(
        first_race(), surface=logistic.to_document(), start=logistic.start
    )
    own = outcomes("batch-size", race)
    assert {one.surface.kind for one in own} == {"logistic-regression"}
    assert {one.variant.racer.optimizer["kind"] for one in own} == {"Adam"}


def test_valleys_take_descent_as_long_as_its_contraction_says() -> None:
    found = outcomes("conditioning")
    counts = []
    for one, condition in zip(found[:4], (1.0, 4.0, 25.0, 100.0), strict=True):
        x = np.array(one.surface.start)
        bends, k = np.array([1.0, condition]), 0
        first = float((bends * x * x).sum() / 2)
        while (bends * x * x).sum() / 2 > 0.01 * first and k < 120:
            x, k = x - 2 / (1 + condition) * bends * x, k + 1
        assert one.finish == k
        counts.append(f"{k} at κ = {condition:g}")
    for words in counts:
        assert words in told("conditioning", found)
    assert counts == sorted(counts, key=lambda one: int(one.split()[0]))
    # Plain descent is compared with nobody else.
    assert len(EFFECTS.get("conditioning").variants(first_race(), first_race().racers[0])) == 4


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_in_valleys_has_what_suits_them_best(nesterov: bool) -> None:
    found = outcomes("conditioning", racer="nesterov" if nesterov else "momentum")
    plain, own = found[:4], found[4:]
    for one in own[1:]:
        config = one.variant.racer.optimizer
        bends = (1.0, one.surface.settings["condition"])
        b, rate = config["momentum"], config["learning_rate"]

        def radius(b: float, rate: float, bends: tuple[float, ...] = bends) -> float:
            """How much of the distance is left after a step in the end, of the slower axis."""
            found = []
            for bend in bends:
                kept = b * (1 - rate * bend) if nesterov else b
                both = (1 + b) * (1 - rate * bend) if nesterov else 1 + b - rate * bend
                found.append(np.abs(np.linalg.eigvals([[both, -kept], [1, 0]])).max())
            return max(found)

        best = radius(b, rate)
        # Nobody near it is better; Nesterov's is the best share for that rate.
        for factor in (0.97, 1.0, 1.03):
            for other in (1.0,) if nesterov else (0.97, 1.0, 1.03):
                assert best <= radius(b * factor, rate * other) + 1e-6
    counts = [one.finish for one in own]
    assert all(a is not None for a in counts)
    assert (own[3].finish or 0) < (plain[3].finish or 0) / 2
    assert "with the rate and β that suit each best" in told("conditioning", found)
    assert "is not fitted to any" in told("conditioning", outcomes("conditioning", racer="adagrad"))


def test_who_ends_lowest_is_not_blamed() -> None:
    race = msgspec.structs.replace(
        first_race(),
        surface={"kind": "logistic-regression"},
        start=landscape.surface("logistic-regression").start,
    )
    found = outcomes("momentum", race, "momentum")
    heavy = found[-1]
    assert heavy.rises > found[0].rises
    assert heavy.last == min(one.last for one in found)
    assert "rolls past" not in told("momentum", found)


def test_scaling_a_feature_makes_the_bowl_round() -> None:
    for scaled in (False, True):
        surface = landscape.surface("linear-regression", scaled=scaled)
        u = surface.samples.u  # type: ignore[union-attr]
        columns = np.stack([u, np.ones_like(u)])
        bends = np.linalg.eigvalsh(2 * columns @ columns.T / len(u))
        assert curvature(surface) == pytest.approx(bends[-1], rel=1e-12)
        assert steepest_sample(surface) == pytest.approx(2 * (1 + float((u**2).max())))
        ways = [
            landscape.trajectory(surface, {"kind": "SGD", "learning_rate": rate}, surface.start, 300)
            for rate in (1.98 / bends[-1], 2.02 / bends[-1])
        ]  # fmt: skip
        assert ways[0].losses[-1] < ways[0].losses[0] < ways[1].losses[-1]
    found = outcomes("feature-scaling")
    assert found[1].finish is not None
    assert found[0].finish is None or found[0].finish > found[1].finish
    assert f"at step {found[1].finish} once it is scaled" in told("feature-scaling", found)


def test_the_first_step_is_as_long_as_the_averages_make_it() -> None:
    found = outcomes("bias-correction")
    assert {one.steps for one in found} == {20}
    for corrected, without, beta in ((found[0], found[1], 0.999), (found[2], found[3], 0.9)):
        ratio = without.moved(0) / corrected.moved(0)
        assert ratio == pytest.approx((1 - 0.9) / np.sqrt(1 - beta), rel=1e-4)
        assert f"{ratio:.3g} times as long" in told("bias-correction", found)
    # Whoever corrects nothing is shown Adam.
    race = first_race()
    shown = EFFECTS.get("bias-correction").variants(race, race.racers[0])
    assert {one.racer.optimizer["kind"] for one in shown} == {"Adam"}


def test_every_schedule_decays_beside_a_constant_rate() -> None:
    found = outcomes("decay", racer="momentum")
    assert [one.variant.title for one in found] == ["constant", *schedules.names()]
    assert len(set(found[0].path.terms["rate"].tolist())) == 1
    for one in found[1:]:
        assert len(set(one.path.terms["rate"].tolist())) > 1
    best = min(found, key=lambda one: one.last)
    assert best is found[0]
    assert "constant rate ends lowest" in told("decay", found)
    # A rate at which it keeps swinging: then they help, and it is said which most.
    race = first_race()
    swinging = msgspec.structs.replace(
        race.racers[1], optimizer={"kind": "SGD", "learning_rate": 0.02, "momentum": 0.9}
    )
    race = msgspec.structs.replace(
        race, surface={"kind": "valley", "condition": 100.0}, start=(-2.6, 0.9), racers=(swinging,), steps=60
    )  # fmt: skip
    found = outcomes("decay", race, "momentum")
    best = min(found, key=lambda one: one.last if one.left is None else np.inf)
    assert best is not found[0]
    better = sum(one.last < found[0].last for one in found[1:])
    assert told("decay", found).startswith(f"{best.variant.title} ends lowest")
    assert f"{better} of {len(found) - 1} schedules end lower" in told("decay", found)


def test_clipped_steps_are_no_longer_than_they_may_be() -> None:
    found = outcomes("clipping")
    rate = found[0].variant.racer.optimizer["learning_rate"]
    steps = [np.linalg.norm(np.diff(one.path.positions, axis=0), axis=1) for one in found]
    assert steps[1].max() <= rate * 2.0 * (1 + 1e-12)
    assert steps[2].max() <= rate * 0.5 * (1 + 1e-12)
    assert np.abs(np.diff(found[3].path.positions, axis=0)).max() <= rate * 0.5 * (1 + 1e-12)
    assert steps[0].max() > 10
    assert f"Step {int(steps[0].argmax()) + 1} meets the wall" in told("clipping", found)


def test_where_somebody_is_between_two_steps_and_when_they_are_gone() -> None:
    found = outcomes("learning-rate", racer="momentum")
    one = found[4]
    middle = one.at(2.5)
    assert middle is not None
    assert middle[:2] == pytest.approx(one.path.positions[2:4].mean(axis=0))
    lost = next(other for other in found if other.left is not None)
    assert lost.at(float(lost.left or 0)) is None
    assert lost.at(119.0) is None
    assert lost.at(0.5) is not None
