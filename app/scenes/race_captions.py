"""One caption for each term of an update: what it is, and what its numbers say. Each clause is asked of the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from app.scenes.race_caption_parts import APART, angle_between, joined, n, percent
from app.scenes.race_divisor_captions import correction, divisor, heavy, squares
from app.scenes.race_terms import SQUARES
from app.scenes.race_update import (
    AXIS,
    BEFORE,
    GRADIENT,
    KEEP,
    LENGTH,
    NEXT,
    POINT,
    RATE,
    RAW,
    STEP,
    Update,
)
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Callable


def caption(update: Update, name: str) -> str:
    """Return what is said of a term; of one whose numbers are not there, why."""
    if update.gone:
        return tr("{name} is gone: {why} after {steps} steps.", name=update.racer.title,
                  why=_why(update), steps=update.path.left)  # fmt: skip
    if update.last and name not in (POINT, GRADIENT, RAW):
        return tr("The race is over: no step follows.")
    if name != POINT and not np.isfinite(update.value(name)).all():
        return tr("This number is beyond what can be computed: the racer leaves here.")
    found = _CAPTIONS.get(name)
    if found is not None:
        return found(update)
    return squares(update, name) if name in SQUARES else ""


def _why(update: Update) -> str:
    return tr("in a hole of the surface") if update.path.why == "hole" else tr("diverged")


# -- where it stands, and the gradient


def _point(update: Update) -> str:
    if update.step == 0:
        return tr("All racers start here. The loss is {loss}.", loss=n(update.loss))
    return tr("Here the racer stands after {steps} steps. The loss is {loss}.",
              steps=update.step, loss=n(update.loss))  # fmt: skip


def _gradient(update: Update) -> str:
    clipped = _clipped(update)
    return clipped if clipped else _slope(update, update.value(GRADIENT))


def _raw(update: Update) -> str:
    return _slope(update, update.value(RAW))


def _slope(update: Update, g: np.ndarray) -> str:
    if not g.any():
        return joined(tr("The surface is flat here: the gradient is 0."), _sampled(update))
    return joined(
        tr("The slope at θ. Downhill is the other way, −g."), _steeper(update, g), _sampled(update),
        _turned(update, g),
    )  # fmt: skip


def _steeper(update: Update, g: np.ndarray) -> str:
    if len(update.letters) < 2:
        return ""
    sizes = np.abs(g)
    major = int(sizes[1] > sizes[0])
    a, b = update.letters[major], update.letters[1 - major]
    if not sizes[1 - major]:
        return tr("It slopes along {a} only.", a=a)
    ratio = sizes[major] / sizes[1 - major]
    if ratio < APART:
        return tr("It is about as steep along both axes.")
    return tr("It is {times} times as steep along {a} as along {b}.", times=n(ratio), a=a, b=b)


def _sampled(update: Update) -> str:
    batches = update.path.batches
    if update.last:
        return ""
    if batches is None:
        # Without samples, or with as many in a batch as there are.
        if update.racer.batch_size is None:
            return ""
        return tr("Every step sees all there is here: this slope has no noise.")
    count = batches.shape[1]
    if count == 1:
        return tr("It is measured on one sample: a guess at the slope of all.")
    return tr("It is measured on {count} samples: a guess at the slope of all.", count=count)


def _turned(update: Update, g: np.ndarray) -> str:
    if not update.step:
        return ""
    angle = angle_between(g, update.path.gradients[update.step - 1])
    if angle is None or angle <= 90:
        return ""
    return tr("It has turned by {angle}° since the step before.", angle=round(angle))


def _clipped(update: Update) -> str:
    way = update.optimizer.clipping
    if not way:
        return ""
    limit = float(update.optimizer.config[way])
    if update.last:
        return ""
    raw, used = update.value(RAW), update.value(GRADIENT)
    if way == "clipvalue":
        cut = [x for x, a, b in zip(update.letters, raw, used, strict=False) if a != b]
        if not cut:
            return tr("No part of it is larger than {limit}: nothing is clipped.", limit=n(limit))
        return tr("Parts larger than {limit} are cut off: along {axes}. That may turn it.",
                  limit=n(limit), axes=tr(" and ").join(cut))  # fmt: skip
    length = float(update.value(LENGTH))
    if length <= limit:
        return tr("It is {length} long, not more than {limit}: nothing is clipped.",
                  length=n(length), limit=n(limit))  # fmt: skip
    return tr("It was {length} long and is shortened to {limit}; its direction stays.",
              length=n(length), limit=n(limit))  # fmt: skip


# -- what is kept of earlier steps


def _velocity(update: Update) -> str:
    mu = update.optimizer.config["momentum"]
    what = tr("Keeps {share} of the last velocity and adds −ηg.", share=percent(mu))
    if update.optimizer.config.get("nesterov"):
        what = joined(what, tr("θ is the point that the ball has looked ahead to."))
    return joined(what, _rolling(update, "velocity", 1.0))


def _momentum(update: Update) -> str:
    mu = update.optimizer.config["momentum"]
    what = tr("Keeps {share} of the last b and adds r g.", share=percent(mu))
    return joined(what, _rolling(update, "momentum", -1.0))


def _rolling(update: Update, name: str, sign: float) -> str:
    """How what is kept agrees with downhill, and whether that makes it faster."""
    before, now = sign * update.value(name + BEFORE), sign * update.value(name)
    if not before.any():
        return tr("There is nothing to keep yet.")
    angle = angle_between(before, -update.value(GRADIENT))
    if angle is None:
        return tr("The ground is flat: it only rolls on.")
    faster = float(np.hypot(*now)) > float(np.hypot(*before))
    if angle > 90:
        if faster:
            return tr(
                "What is kept points uphill here, and downhill is so steep that it turns back."
            )
        return tr("What is kept points uphill here: it rolls on, and the slope brakes it.")
    if faster:
        return tr("Both go much the same way: it gets faster.") if angle < 45 else tr(
            "They are {angle}° apart: it turns, and gets faster.", angle=round(angle))  # fmt: skip
    return tr("It has been faster: the slope here adds less than it loses.")


def _mean(update: Update) -> str:
    key = "beta_2" if update.term("direction") else "beta_1"
    beta = update.optimizer.config[key]
    what = tr("An average of gradients: keeps {kept} of what it was and takes {new} of g.",
              kept=percent(beta), new=percent(1 - beta))  # fmt: skip
    if update.term("direction"):
        return joined(what, tr("It is for the next steps."))
    return joined(what, _leaning(update, update.value("m")))


def _leaning(update: Update, m: np.ndarray) -> str:
    if not update.step:
        return tr("So far there is one gradient in it.")
    angle = angle_between(m, update.value(GRADIENT))
    if angle is None:
        return ""
    if angle > 90:
        return tr("Older gradients outweigh this one: −m points uphill by it, {angle}° off −g.",
                  angle=round(angle))  # fmt: skip
    if angle < 1:
        return tr("−m points the way of −g.")
    return tr("−m is {angle}° off −g: that is what older gradients do to it.", angle=round(angle))


def _mean_corrected(update: Update) -> str:
    if update.term("mean_factor"):
        a, b = float(update.value("mean_factor")), float(update.value("gradient_factor"))
        told = tr(
            "Nesterov's look ahead: {a} of the average and {b} of the gradient itself.",
            a=n(a),
            b=n(b),
        )
        if not update.racer.bias_correction:
            return told
        return joined(told, tr("Both shares are corrected for the start at 0."))
    return joined(correction(update, "m", "beta_1"), _folded(update))


def _folded(update: Update) -> str:
    return tr("Keras puts this into α.") if update.term("effective_rate") else ""


def _direction(update: Update) -> str:
    axes = range(len(update.letters))
    d, m, g = (update.value(one)[: len(axes)] for one in ("direction", "m" + BEFORE, GRADIENT))
    what = tr("Only the signs count, not how steep it is.")
    if not m.any() and not g.any():
        return joined(what, tr("Here both are 0: no step."))
    if not m.any():
        return joined(what, tr("m is still 0: the signs are those of g."))
    against = [k for k in axes if m[k] * g[k] < 0]
    if not against:
        return joined(what, tr("m and g agree on them."))
    told = []
    for winner, sentence in (
        (g, tr("Along {axes} g is against m and outweighs it.")),
        (m, tr("Along {axes} g is against m, which outweighs it.")),
        (np.zeros(len(axes)), tr("Along {axes} g and m cancel.")),
    ):
        found = [update.letters[k] for k in against if d[k] == np.sign(winner[k])]
        if found:
            told.append(sentence.format(axes=tr(" and ").join(found)))
    return joined(what, *told)


# -- what steps have been, and what is told of rates


def _moved(update: Update) -> str:
    rho = update.optimizer.config["rho"]
    return tr("An average of Δ²: how far it has gone of late, {kept} of what it was and {new} of this Δ². The next "
              "step is measured by it.", kept=percent(rho), new=percent(1 - rho))  # fmt: skip


def _delta(update: Update) -> str:
    what = tr("As long as the last steps were, for gradients as large as the last ones.")
    before = update.value("accumulated_delta" + BEFORE)
    if not before.any():
        epsilon = update.optimizer.config["epsilon"]
        return joined(
            what, tr("There are none yet: ε = {epsilon} lets it start.", epsilon=n(epsilon))
        )
    return what


def _mean_gradient(update: Update) -> str:
    return tr("An average of g: s − a² is how much gradients differ, not how large they are.")


def _effective(update: Update) -> str:
    alpha, rate = float(update.value("effective_rate")), float(update.value(RATE))
    if not update.racer.bias_correction:
        m, v = (1 - update.optimizer.config[key] ** update.t for key in ("beta_1", "beta_2"))
        if update.term("u"):
            # Adamax divides by no average: there is nothing else to correct.
            what, v = tr("Without correction it is η itself. m stays as it starts, too small."), 1.0
        else:
            what = tr("Without correction it is η itself. m and v stay as they start, too small.")
        # m would be divided by the one, √v by the root of the other.
        times = m / math.sqrt(v) if v else 1.0
        if times >= APART:
            return joined(
                what,
                tr(
                    "√v more than m: this step is {times} times as long as with it.", times=n(times)
                ),
            )
        if times <= 1 / APART:
            return joined(what, tr("This step is {share} of what it is with it.",
                                   share=percent(float(f"{times:.3g}"))))  # fmt: skip
        return joined(what, tr("By now that changes little."))
    what = tr(
        "Keras folds the corrections into the rate; the step is the textbook's but for where ε stands."
    )
    if not rate:
        return what
    return joined(what, tr("Now α is {share} of η.", share=percent(float(f"{alpha / rate:.3g}"))))


def _factor(name: str) -> Callable[[Update], str]:
    def told(update: Update) -> str:
        share = n(float(update.value(name)))
        if name == "mean_factor":
            return tr(
                "How much of the average counts: {share}. μ is β₁, smaller at first: β₁(1 − ½·0.96ᵗ); P is the product "
                "of all of them so far.",
                share=share,
            )
        return tr("How much of the gradient itself counts: {share}.", share=share)

    return told


def _axis(update: Update) -> str:
    r = update.value(AXIS)
    what = tr("The rate that each axis has for itself.")
    if len(update.letters) < 2 or not r.all():
        return what
    major = int(abs(r[1]) > abs(r[0]))
    ratio = abs(r[major] / r[1 - major])
    if ratio < APART:
        return joined(what, tr("They are about the same here."))
    return joined(what, tr("Along {a} it is {times} times that along {b}.", times=n(ratio),
                            a=update.letters[major], b=update.letters[1 - major]))  # fmt: skip


def _rate(update: Update) -> str:
    rate, first = float(update.value(RATE)), float(update.path.terms["rate"][0])
    schedule = type(update.optimizer.schedule).__name__
    return tr("{schedule} gives this step {rate}; the first had {first}.",
              schedule=schedule, rate=n(rate), first=n(first))  # fmt: skip


# -- the step


def _step(update: Update) -> str:
    step, g = update.value(STEP), update.value(GRADIENT)
    length = float(np.hypot(*step))
    if not length:
        return tr("The step is 0: the racer stays.")
    angle = angle_between(step, -g)
    if angle is None:
        way = tr("The ground is flat: this step of {length} comes from before.", length=n(length))
    elif angle < 1:
        way = tr("This step is {length} long and goes straight {way}.", length=n(length),
                 way=_downhill(update))  # fmt: skip
    elif angle <= 90:
        way = tr("This step is {length} long, {angle}° off {way}.", length=n(length), angle=round(angle),
                 way=_downhill(update))  # fmt: skip
    else:
        way = tr("This step is {length} long and goes uphill by this gradient: what is kept from before carries it.",
                 length=n(length))  # fmt: skip
    name = divisor(update)
    weighs = heavy(update, name) if name else ""
    ahead = ""
    if update.optimizer.config.get("nesterov") and update.term("velocity"):
        ahead = tr(
            "It takes v once more, the new one: the next gradient is measured ahead of the ball."
        )
    return joined(way, ahead, weighs)


def _downhill(update: Update) -> str:
    """What downhill is called: that of a batch need not be that of all samples."""
    batches = update.path.batches
    if batches is None:
        return tr("downhill")
    return tr("downhill for its sample") if batches.shape[1] == 1 else tr("downhill for its batch")


def _next(update: Update) -> str:
    before, after = update.loss, float(update.path.losses[update.step + 1])
    there = update.value(NEXT)
    if not np.isfinite(there).all() or not math.isfinite(after):
        return tr("That is where the surface or what can be computed ends.")
    if after < before:
        return tr("The loss falls from {before} to {after}.", before=n(before), after=n(after))
    if after == before:
        return tr("The loss stays {before}.", before=n(before))
    rises = tr("The loss rises from {before} to {after}.", before=n(before), after=n(after))
    downhill = float(update.value(RAW if update.term(RAW) else GRADIENT) @ update.value(STEP)) < 0
    if not downhill or update.optimizer.config.get("weight_decay"):
        return rises
    batches = update.path.batches
    if batches is None:
        return joined(rises, tr("It went downhill, but too far."))
    if batches.shape[1] == 1:
        return joined(
            rises, tr("It went downhill for one sample; for all of them that can lead up.")
        )
    return joined(rises, tr("It went downhill for its batch; for all samples that can lead up."))


def _keep(update: Update) -> str:
    kept = float(update.value(KEEP))
    return tr("Weight decay takes {share} of θ away in this step, apart from the gradient.",
              share=percent(float(f"{1 - kept:.3g}")))  # fmt: skip


_CAPTIONS: dict[str, Callable[[Update], str]] = {
    POINT: _point, RATE: _rate, RAW: _raw, GRADIENT: _gradient, "velocity": _velocity, "momentum": _momentum,
    "m": _mean, "m_corrected": _mean_corrected, "direction": _direction, "mean_gradient": _mean_gradient,
    "accumulated_delta": _moved, "delta": _delta, "effective_rate": _effective, AXIS: _axis, STEP: _step, NEXT: _next,
    KEEP: _keep, "mean_factor": _factor("mean_factor"), "gradient_factor": _factor("gradient_factor"),
}  # fmt: skip
