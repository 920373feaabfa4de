"""One caption for each term of an update: what it is, and what its numbers say. Each clause is asked of the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from app.scenes.formula_expressions import given
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

#: From here on two numbers are told apart, and one is called much larger.
_APART, _MUCH = 1.2, 2.0
#: A factor so near 1 changes next to nothing.
_NEXT_TO_NOTHING = 0.01


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
    return _squares(update, name) if name in SQUARES else ""


def _why(update: Update) -> str:
    return tr("in a hole of the surface") if update.path.why == "hole" else tr("diverged")


def n(value: float) -> str:
    """Return a number with three figures."""
    return given(float(f"{value:.3g}"))


def _percent(value: float) -> str:
    return f"{100 * value:.4g} %"


def _angle(a: np.ndarray, b: np.ndarray) -> float | None:
    """Degrees between two directions; None if one of them has none."""
    size = float(np.hypot(*a)) * float(np.hypot(*b))
    if not size or not math.isfinite(size):
        return None
    return math.degrees(math.acos(min(1.0, max(-1.0, float(a @ b) / size))))


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


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
        return _joined(tr("The surface is flat here: the gradient is 0."), _sampled(update))
    return _joined(
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
    if ratio < _APART:
        return tr("It is about as steep along both axes.")
    return tr("It is {times} times as steep along {a} as along {b}.", times=n(ratio), a=a, b=b)


def _sampled(update: Update) -> str:
    batches = update.path.batches
    if batches is None or update.last:
        return ""
    count = batches.shape[1]
    if count == 1:
        return tr("It is measured on one sample: a guess at the slope of all.")
    return tr("It is measured on {count} samples: a guess at the slope of all.", count=count)


def _turned(update: Update, g: np.ndarray) -> str:
    if not update.step:
        return ""
    angle = _angle(g, update.path.gradients[update.step - 1])
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
    what = tr("Keeps {share} of the last velocity and adds −ηg.", share=_percent(mu))
    if update.optimizer.config.get("nesterov"):
        what = _joined(what, tr("θ is the point that the ball has looked ahead to."))
    return _joined(what, _rolling(update, "velocity", 1.0))


def _momentum(update: Update) -> str:
    mu = update.optimizer.config["momentum"]
    what = tr("Keeps {share} of the last b and adds r g.", share=_percent(mu))
    return _joined(what, _rolling(update, "momentum", -1.0))


def _rolling(update: Update, name: str, sign: float) -> str:
    """How what is kept agrees with downhill, and whether that makes it faster."""
    before, now = sign * update.value(name + BEFORE), sign * update.value(name)
    if not before.any():
        return tr("There is nothing to keep yet.")
    angle = _angle(before, -update.value(GRADIENT))
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
              kept=_percent(beta), new=_percent(1 - beta))  # fmt: skip
    if update.term("direction"):
        return _joined(what, tr("It is for the next steps."))
    return _joined(what, _leaning(update, update.value("m")))


def _leaning(update: Update, m: np.ndarray) -> str:
    if not update.step:
        return tr("So far there is one gradient in it.")
    angle = _angle(m, update.value(GRADIENT))
    if angle is None:
        return ""
    if angle > 90:
        return tr("Older gradients outweigh this one: −m points uphill by it, {angle}° off −g.",
                  angle=round(angle))  # fmt: skip
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
        return _joined(told, tr("Both shares are corrected for the start at 0."))
    return _joined(_correction(update, "m", "beta_1"), _folded(update))


def _folded(update: Update) -> str:
    return tr("Keras puts this into α.") if update.term("effective_rate") else ""


def _correction(update: Update, symbol: str, key: str) -> str:
    left = update.optimizer.config[key] ** update.t
    if left < _NEXT_TO_NOTHING:
        return tr("{symbol} started at 0 and was too small at first; dividing by {c} changes next to nothing by now.",
                  symbol=symbol, c=n(1 - left))  # fmt: skip
    return tr("{symbol} started at 0, so it is too small at first: dividing by {c} makes up for it, {times} times.",
              symbol=symbol, c=n(1 - left), times=n(1 / (1 - left)))  # fmt: skip


def _direction(update: Update) -> str:
    d = update.value("direction")
    same = all(np.sign(update.value("m" + BEFORE)) == np.sign(update.value(GRADIENT)))
    what = tr("Only the signs count, not how steep it is.")
    if not d.any():
        return _joined(what, tr("Here both are 0: no step."))
    if same:
        return _joined(what, tr("m and g agree on them."))
    return _joined(what, tr("m and g disagree; the larger share decides."))


# -- what the step is divided by


def _squares(update: Update, name: str) -> str:
    if name == "accumulator":
        return _joined(
            tr("The sum of all g² so far, axis by axis. It never shrinks."), _heavy(update, name)
        )
    if name == "u":
        return _largest(update)
    if name == "v_max":
        return _held(update)
    if name == "v_corrected":
        told = (
            _correction(update, "v", "beta_2")
            if update.racer.bias_correction
            else tr("Not corrected: v itself.")
        )
        # AMSGrad divides by another.
        return told if update.term("v_max") else _joined(told, _heavy(update, name))
    key = "beta_2" if name == "v" else "rho"
    beta = update.optimizer.config[key]
    what = tr("An average of g², axis by axis: keeps {kept} and takes {new} of g².",
              kept=_percent(beta), new=_percent(1 - beta))  # fmt: skip
    if 0 < beta < 1:
        half = math.log(0.5) / math.log(beta)
        what = _joined(what, tr("What is in it counts half after {steps} steps.", steps=n(half)))
    return what if name == "v" else _joined(what, _heavy(update, name))


def _heavy(update: Update, name: str) -> str:
    """The axis on which older gradients weigh most, against the gradient of now."""
    term = update.term(name)
    assert term is not None
    root, g = update.value(name) ** SQUARES[name], np.abs(update.value(GRADIENT))
    axes = range(len(update.letters))
    letter = update.letters
    k = max(axes, key=lambda axis: root[axis] / g[axis] if g[axis] else math.inf)
    symbol = {"v_corrected": "v̂", "accumulator": "G", "mean_square": "s", "accumulated_grad": "E",
              "v_max": "v_max"}.get(name, term.symbol)  # fmt: skip
    if root[k] >= _MUCH * g[k] and root[k] > 0:
        # A sum is large by many gradients, an average by large ones.
        why = (
            tr("all that was added up makes steps along it short.")
            if name == "accumulator"
            else tr("larger gradients of before make steps along it short.")
        )
        return tr("√{symbol} is {root} along {axis}, |g| only {g}: {why}",
                  symbol=symbol, root=n(root[k]), axis=letter[k], g=n(g[k]), why=why)  # fmt: skip
    if all(g[axis] > _APART * root[axis] for axis in axes):
        return tr("The gradient of now is larger than √{symbol} along every axis: it is divided by less than its own "
                  "size.", symbol=symbol)  # fmt: skip
    return ""


def _largest(update: Update) -> str:
    fresh = [x for x, u, g in zip(update.letters, update.value("u"), update.value(GRADIENT), strict=False)
             if u == abs(g)]  # fmt: skip
    what = tr("The larger of β₂u and |g|, axis by axis.")
    if len(fresh) == len(update.letters):
        return _joined(what, tr("This gradient is the largest along every axis."))
    if fresh:
        return _joined(
            what, tr("Along {axis} that is this gradient.", axis=tr(" and ").join(fresh))
        )
    return _joined(what, tr("An older gradient is still larger, faded by β₂ in every step."))


def _held(update: Update) -> str:
    held = [x for x, most, v in zip(update.letters, update.value("v_max"), update.value("v"), strict=False)
            if most > v]  # fmt: skip
    what = tr("The largest v so far: what the step is divided by never shrinks.")
    if held:
        return _joined(what, tr("Along {axis} v has fallen below it.", axis=tr(" and ").join(held)))
    return _joined(what, tr("Now that is v itself."))


def _moved(update: Update) -> str:
    rho = update.optimizer.config["rho"]
    return tr("An average of Δ²: how far it has gone of late, {kept} of what it was and {new} of this Δ². The next "
              "step is measured by it.", kept=_percent(rho), new=_percent(1 - rho))  # fmt: skip


def _delta(update: Update) -> str:
    what = tr("As long as the last steps were, for gradients as large as the last ones.")
    before = update.value("accumulated_delta" + BEFORE)
    if not before.any():
        epsilon = update.optimizer.config["epsilon"]
        return _joined(
            what, tr("There are none yet: ε = {epsilon} lets it start.", epsilon=n(epsilon))
        )
    return what


def _mean_gradient(update: Update) -> str:
    return tr("An average of g: s − a² is how much gradients differ, not how large they are.")


def _effective(update: Update) -> str:
    alpha, rate = float(update.value("effective_rate")), float(update.value(RATE))
    if not update.racer.bias_correction:
        return tr(
            "Without correction it is η itself: steps of both averages stay as they start, too small."
        )
    what = tr(
        "Keras folds the corrections into the rate; the step is the textbook's but for where ε stands."
    )
    if not rate:
        return what
    return _joined(what, tr("Now α is {share} of η.", share=_percent(float(f"{alpha / rate:.3g}"))))


def _factor(name: str) -> Callable[[Update], str]:
    def told(update: Update) -> str:
        share = n(float(update.value(name)))
        if name == "mean_factor":
            return tr(
                "How much of the average counts: {share}, with the share of the next step.",
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
    if ratio < _APART:
        return _joined(what, tr("They are about the same here."))
    return _joined(what, tr("Along {a} it is {times} times that along {b}.", times=n(ratio),
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
    angle = _angle(step, -g)
    if angle is None:
        way = tr("The ground is flat: this step of {length} comes from before.", length=n(length))
    elif angle < 1:
        way = tr("This step is {length} long and goes straight downhill.", length=n(length))
    elif angle <= 90:
        way = tr(
            "This step is {length} long, {angle}° off downhill.",
            length=n(length),
            angle=round(angle),
        )
    else:
        way = tr("This step is {length} long and goes uphill by this gradient: what is kept from before carries it.",
                 length=n(length))  # fmt: skip
    squares = [one.name for one in update.terms if one.name in SQUARES and one.name != "u"]
    # Adam's v by itself is not what it divides by.
    name = "v_max" if "v_max" in squares else squares[-1] if squares else ""
    heavy = _heavy(update, name) if name and name not in ("v_max", "v") else ""
    ahead = ""
    if update.optimizer.config.get("nesterov") and update.term("velocity"):
        ahead = tr(
            "It takes v once more, the new one: the next gradient is measured ahead of the ball."
        )
    return _joined(way, ahead, heavy)


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
    if downhill and update.path.batches is None and not update.optimizer.config.get("weight_decay"):
        return _joined(rises, tr("It went downhill, but too far."))
    return rises


def _keep(update: Update) -> str:
    kept = float(update.value(KEEP))
    return tr("Weight decay takes {share} of θ away in this step, apart from the gradient.",
              share=_percent(float(f"{1 - kept:.3g}")))  # fmt: skip


_CAPTIONS: dict[str, Callable[[Update], str]] = {
    POINT: _point, RATE: _rate, RAW: _raw, GRADIENT: _gradient, "velocity": _velocity, "momentum": _momentum,
    "m": _mean, "m_corrected": _mean_corrected, "direction": _direction, "mean_gradient": _mean_gradient,
    "accumulated_delta": _moved, "delta": _delta, "effective_rate": _effective, AXIS: _axis, STEP: _step, NEXT: _next,
    KEEP: _keep, "mean_factor": _factor("mean_factor"), "gradient_factor": _factor("gradient_factor"),
}  # fmt: skip
