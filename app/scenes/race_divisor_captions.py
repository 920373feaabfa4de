"""What is said of the numbers that a racer's step is divided by: sums and averages of squares."""

from __future__ import annotations

import math

import numpy as np

from app.scenes.race_caption_parts import APART, MUCH, joined, n, percent
from app.scenes.race_terms import SQUARES
from app.scenes.race_update import GRADIENT, Update
from app.text import tr

#: A factor so near 1 changes next to nothing.
_NEXT_TO_NOTHING = 0.01


def squares(update: Update, name: str) -> str:
    """Return what is said of a sum or average of squares."""
    if name == "accumulator":
        return joined(
            tr("The sum of all g² so far, axis by axis. It never shrinks."), heavy(update, name)
        )
    if name == "u":
        return _largest(update)
    if name == "v_max":
        return _held(update)
    if name == "v_corrected":
        told = (
            correction(update, "v", "beta_2")
            if update.racer.bias_correction
            else tr("Not corrected: v itself.")
        )
        return joined(told, heavy(update, name) if name == divisor(update) else "")
    key = "beta_2" if name == "v" else "rho"
    beta = update.optimizer.config[key]
    what = tr("An average of g², axis by axis: keeps {kept} and takes {new} of g².",
              kept=percent(beta), new=percent(1 - beta))  # fmt: skip
    if 0 < beta < 1:
        half = math.log(0.5) / math.log(beta)
        what = joined(what, tr("What is in it counts half after {steps} steps.", steps=n(half)))
    return joined(what, heavy(update, name) if name == divisor(update) else "")


def correction(update: Update, symbol: str, key: str) -> str:
    """Return what is said of dividing an average by how much of it there is by now."""
    left = update.optimizer.config[key] ** update.t
    if left < _NEXT_TO_NOTHING:
        return tr("{symbol} started at 0 and was too small at first; dividing by {c} changes next to nothing by now.",
                  symbol=symbol, c=n(1 - left))  # fmt: skip
    return tr("{symbol} started at 0, so it is too small at first: dividing by {c} makes up for it, {times} times.",
              symbol=symbol, c=n(1 - left), times=n(1 / (1 - left)))  # fmt: skip


def divisor(update: Update) -> str:
    """Return the term whose root alone a step is divided by; "" if there is no such term."""
    names = [one.name for one in update.terms if one.name in SQUARES]
    # Adamax divides by no root, AMSGrad by another average, RMSprop's momentum keeps what was divided before.
    if not names or "u" in names or "v_max" in names or update.term("momentum"):
        return ""
    # Centered, the square of an average is taken off first.
    return "" if update.term("mean_gradient") else names[-1]


def _divided(update: Update) -> tuple[str, str]:
    """What is divided by it: the term, and what it is called."""
    if update.term("m_corrected"):
        return "m_corrected", "m̂"
    return ("m", "m") if update.term("m") else (GRADIENT, "g")


def heavy(update: Update, name: str) -> str:
    """Return along which axes what is divided by is much larger than what is divided, and why."""
    above, called = _divided(update)
    root, size = update.value(name) ** SQUARES[name], np.abs(update.value(above))
    axes = range(len(update.letters))
    symbol = {
        "v_corrected": "v̂",
        "v": "v",
        "accumulator": "G",
        "mean_square": "s",
        "accumulated_grad": "E",
    }[name]
    short = [k for k in axes if root[k] > 0 and root[k] >= MUCH * size[k]]
    if not short:
        if all(size[k] > APART * root[k] for k in axes):
            return tr("{above} is larger than √{symbol} along every axis: it is divided by less than its own size.",
                      above=f"|{called}|", symbol=symbol)  # fmt: skip
        return ""
    # The axis where it counts most comes first; a reason is told of those that share it.
    short.sort(key=lambda k: root[k] / size[k] if size[k] else math.inf, reverse=True)
    reasons = [_reason(update, name, above, k) for k in short]
    short = sorted(k for k, reason in zip(short, reasons, strict=True) if reason == reasons[0])
    both = tr(" and ")
    roots = both.join(
        tr("{root} along {axis}", root=n(root[k]), axis=update.letters[k]) for k in short
    )
    sizes = both.join(n(size[k]) for k in short)
    why = reasons[0].format(along=tr("it") if len(short) == 1 else tr("both"))
    return tr("√{symbol} is {roots}, {above} only {sizes}: {why}",
              symbol=symbol, roots=roots, above=f"|{called}|", sizes=sizes, why=why)  # fmt: skip


def _reason(update: Update, name: str, above: str, axis: int) -> str:
    """Why a divisor is larger than what is divided along an axis; ``{along}`` stands for the axis."""
    if name == "accumulator":
        # A sum is large by many gradients, an average by large ones.
        return tr("all that was added up makes steps along {along} short.")
    if name == "accumulated_grad":
        return tr("larger gradients of before make steps along {along} shorter than they were.")
    if above != GRADIENT:
        root, size = update.number(name, axis) ** SQUARES[name], abs(update.number(above, axis))
        if _agreement(update, axis) ** 2 < size / root:
            return tr("gradients of both signs cancel in m, which makes steps along {along} short.")
    return tr("larger gradients of before make steps along {along} short.")


def _agreement(update: Update, axis: int) -> float:
    """From 1, where gradients of late have one sign along an axis, to 0, where they cancel; weighed as in m."""
    beta = float(update.optimizer.config["beta_1"])
    g = update.path.terms["g"][max(0, update.step - 200) : update.step + 1, axis]
    weights = beta ** np.arange(len(g) - 1, -1, -1.0)
    whole = float(np.abs(g) @ weights)
    return abs(float(g @ weights)) / whole if whole else 1.0


def _largest(update: Update) -> str:
    fresh = [x for x, u, g in zip(update.letters, update.value("u"), update.value(GRADIENT), strict=False)
             if u == abs(g)]  # fmt: skip
    what = tr("The larger of β₂u and |g|, axis by axis.")
    if len(fresh) == len(update.letters):
        return joined(what, tr("This gradient is the largest along every axis."))
    if fresh:
        return joined(what, tr("Along {axis} that is this gradient.", axis=tr(" and ").join(fresh)))
    return joined(what, tr("An older gradient is still larger, faded by β₂ in every step."))


def _held(update: Update) -> str:
    held = [x for x, most, v in zip(update.letters, update.value("v_max"), update.value("v"), strict=False)
            if most > v]  # fmt: skip
    what = tr("The largest v so far: what the step is divided by never shrinks.")
    if held:
        return joined(what, tr("Along {axis} v has fallen below it.", axis=tr(" and ").join(held)))
    return joined(what, tr("Now that is v itself."))
