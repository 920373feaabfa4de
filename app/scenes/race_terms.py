"""The next update of a racer where it stands: arrows, what it divides by as an area, the rate of each axis, a legend.

Of an update that is gone through term by term only what has come so far is there. `picture` says what there is to be
seen as plain data, `paint` paints it at a point of a map, `paint_legend` says what is what.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.scenes.formula_inline import SIGN
from app.scenes.race_update import (
    AXIS,
    BEFORE,
    GRADIENT,
    NEXT,
    POINT,
    RATE,
    STEP,
    Update,
)
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Callable

Pair = tuple[float, float]

#: What an optimizer divides by, and the power of it that is a length: squares are shown by their sides.
SQUARES = {
    "v": 0.5, "v_corrected": 0.5, "v_max": 0.5, "accumulator": 0.5, "mean_square": 0.5, "accumulated_grad": 0.5,
    "u": 1.0,
}  # fmt: skip
#: Adadelta's average of the squares of its steps.
MOVES = "accumulated_delta"
#: What is kept from before, in the order in which the later one says it better.
_AVERAGES = ("m", "m_corrected")


@dataclass(frozen=True)
class Arrow:
    """An arrow at the racer.

    Attributes
    ----------
    term
        That it belongs to.
    tag, scaled
        What is written at its end as TeX, where it only points and where it is as long as its move.
    words
        What it is called in the legend.
    vector
        Where it points, in the surface's units.
    move
        How far it would carry the racer by itself.
    ink
        Token of the theme, or "racer".
    begin
        Where it starts, seen from the racer, where it is as long as its move.
    dashed
        It does not move the racer by itself.
    """

    term: str
    tag: str
    scaled: str
    words: str
    vector: Pair
    move: Pair
    ink: str
    begin: Pair = (0.0, 0.0)
    dashed: bool = False


@dataclass(frozen=True)
class Area:
    """A sum or average of squares: a rectangle whose sides are its roots along both axes, and what it is of, now.

    Attributes
    ----------
    tag
        What its sides are, as TeX.
    sides
        Along both axes.
    inner
        The same before its correction, or None.
    now
        How large what it is made of is now along both axes: the gradient, or the step.
    moves
        It is made of steps.
    """

    tag: str
    sides: Pair
    inner: Pair | None
    now: Pair
    moves: bool = False


@dataclass(frozen=True)
class Picture:
    """What is to be seen of an update.

    Attributes
    ----------
    title
        Of the legend.
    point
        Where the racer stands.
    arrows, areas, rates
        What has come so far; the rates are of both axes. Adadelta has two areas: its rate is the root of one over that
        of the other.
    ball
        Nesterov's: where the ball itself is, that looks ahead to the racer's point.
    ahead
        Where the update leads, once it has come to that.
    to_scale
        Arrows are as long as their moves, instead of only pointing.
    letters
        Of the axes.
    """

    title: str
    point: Pair
    arrows: tuple[Arrow, ...] = ()
    areas: tuple[Area, ...] = ()
    rates: Pair | None = None
    ball: Pair | None = None
    ahead: Pair | None = None
    to_scale: bool = False
    letters: tuple[str, ...] = ("x", "y")


def picture(
    update: Update,
    revealed: int | None = None,
    *,
    at: Pair | None = None,
    to_scale: bool = False,
    squares: bool = True,
) -> Picture | None:
    """Return what is to be seen of an update, or None if there is none: the race is over, or the racer is gone.

    Parameters
    ----------
    update
        Of which racer, and when.
    revealed
        How many terms after the first have come so far; None for all of them.
    at
        Where the racer is shown meanwhile.
    to_scale
        Arrows as long as their moves.
    squares
        With the area and the rates.
    """
    if update.gone or update.last:
        return None
    last = len(update.terms) if revealed is None else revealed

    def come(name: str) -> bool:
        return 0 <= update.place(name) <= last

    arrows = [
        one
        for one in (_downhill(update), *_kept(update, come), _step(update))
        if one and come(one.term)
    ]
    place = at if at is not None else _pair(update.value(POINT))
    return Picture(
        title=tr("{name}, next step", name=update.racer.title),
        point=place,
        arrows=tuple(one for one in arrows if all(map(math.isfinite, (*one.vector, *one.move)))),
        areas=_areas(update, come) if squares else (),
        rates=_finite(update.value(AXIS)) if squares and come(AXIS) else None,
        ball=_ball(update) if come(GRADIENT) else None,
        ahead=_finite(update.value(NEXT)) if revealed is not None and last >= update.place(STEP) else None,
        to_scale=to_scale,
        letters=update.letters,
    )  # fmt: skip


def _downhill(update: Update) -> Arrow:
    g, rate = update.value(GRADIENT), float(update.value(RATE))
    return Arrow(
        GRADIENT, f"{SIGN}g", f"{SIGN}ηg", tr("downhill"), _pair(-g), _pair(-rate * g), "bwd"
    )  # fmt: skip


def _step(update: Update) -> Arrow:
    step = _pair(update.value(STEP))
    return Arrow(STEP, tr("step"), "Δθ", tr("step"), step, step, "tx")


def _kept(update: Update, come: Callable[[str], bool]) -> list[Arrow]:
    """What is left of earlier steps and gradients."""
    config, rate = update.optimizer.config, float(update.value(RATE))
    if update.term("velocity"):
        mu = config["momentum"]
        if config.get("nesterov"):
            ahead = _pair(mu * update.value("velocity"))
            begin = _pair(-rate * update.value(GRADIENT))
            return [Arrow(STEP, "βv", "βv", tr("look ahead"), ahead, ahead, "racer", begin, True)]
        kept = _pair(mu * update.value("velocity" + BEFORE))
        return [Arrow("velocity", "βv", "βv", tr("momentum"), kept, kept, "racer", dashed=True)]
    if update.term("momentum"):
        kept = _pair(-config["momentum"] * update.value("momentum" + BEFORE))
        return [
            Arrow(
                "momentum",
                f"{SIGN}βb",
                f"{SIGN}βb",
                tr("momentum"),
                kept,
                kept,
                "racer",
                dashed=True,
            )
        ]
    if update.term("direction"):
        # Lion's step is made of what was remembered.
        return [_average(update, "m", "m" + BEFORE, "direction")]
    found = [one.name for one in map(update.term, _AVERAGES) if one is not None and come(one.name)]
    if not found:
        return []
    return [_average(update, found[-1], found[-1], found[-1])]


def _average(update: Update, term: str, name: str, comes_with: str) -> Arrow:
    known = update.term(term)
    assert known is not None
    value, rate = update.value(name), float(update.value(RATE))
    return Arrow(
        comes_with, f"{SIGN}{known.symbol}", f"{SIGN}η{known.symbol}", tr("momentum"), _pair(-value),
        _pair(-rate * value), "racer", dashed=True,
    )  # fmt: skip


def _areas(update: Update, come: Callable[[str], bool]) -> tuple[Area, ...]:
    found = _adadelta(update, come) if update.term(MOVES) else (_area(update, come),)
    return tuple(one for one in found if one is not None)


def _adadelta(update: Update, come: Callable[[str], bool]) -> tuple[Area | None, ...]:
    """What its direction is divided by, and what that is measured by: the steps before this one."""
    epsilon = float(update.optimizer.config["epsilon"])

    def one(name: str, tag: str, now: str, after: str, moves: bool) -> Area | None:
        if not come(after):
            return None
        sides = _of_axes(update, np.sqrt(update.value(name) + epsilon))
        size = _of_axes(update, abs(update.value(now)))
        return None if sides is None or size is None else Area(tag, sides, None, size, moves)

    return (
        one("accumulated_grad", r"\sqrt{E+ε}", GRADIENT, "accumulated_grad", False),
        one(MOVES + BEFORE, r"\sqrt{D+ε}", "delta", "delta", True),
    )


def _area(update: Update, come: Callable[[str], bool]) -> Area | None:
    names = [one.name for one in update.terms if one.name in SQUARES and come(one.name)]
    if not names:
        return None
    last = update.term(names[-1])
    assert last is not None
    power = SQUARES[last.name]
    tag = last.symbol if power == 1.0 else rf"\sqrt{{{last.symbol}}}"
    squares, inner = update.value(last.name), None
    if last.name == "v_corrected":
        inner = update.value("v") ** power
    elif last.name == "v_max" and update.racer.bias_correction:
        # Keras corrects it within the rate.
        tag, inner = r"\sqrt{v_max/c_2}", squares**power
        squares = squares / update.value("square_correction")
    sides, g = _of_axes(update, squares**power), _of_axes(update, abs(update.value(GRADIENT)))
    if sides is None or g is None:
        return None
    return Area(tag, sides, None if inner is None else _of_axes(update, inner), g)


def _of_axes(update: Update, value: np.ndarray) -> Pair | None:
    """Two sides; a curve has one axis, whose square is one."""
    if len(update.letters) == 1:
        value = value[[0, 0]]
    return _finite(value)


def _ball(update: Update) -> Pair | None:
    """Where Nesterov's ball is: Keras remembers the point that has already looked ahead by β v."""
    if not update.optimizer.config.get("nesterov") or not update.term("velocity"):
        return None
    mu = update.optimizer.config["momentum"]
    return _finite(update.value(POINT) - mu * update.value("velocity" + BEFORE))


def _pair(value: np.ndarray) -> Pair:
    return float(value[0]), float(value[1])


def _finite(value: np.ndarray) -> Pair | None:
    found = _pair(value)
    return found if all(map(math.isfinite, found)) else None
