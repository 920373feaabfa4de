"""A slice of a network's loss from above: the ways over it up to a moment, and in words what a slice hides."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF

from app.scenes import draw
from app.scenes.race_looks import Look, look_of, paint_marker
from app.scenes.race_map_layout import Viewport
from app.scenes.race_map_paint import CHOSEN, MARKER
from app.scenes.race_numbers import loss_text
from app.scenes.race_trails import stroke
from app.text import number, tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.engine.questions.landscape import LossSlice
    from app.engine.slicing import Path
    from app.theme import Theme

#: The learner's own run among the racers.
OWN = "run"
#: So far from the edge stand those who are outside, and how much smaller.
_INSET, _SMALLER = 12.0, 0.7
#: Heights that differ so many times are shown by their logarithms.
_LOG = 12.0
#: Moments of a race, evenly apart, between which ways are straight.
FRAMES = 240


def around(ends: tuple[float, float], span: float) -> list[float]:
    """Return from where to where so many times as much is seen, around the same middle."""
    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2 * span
    return [middle - half, middle + half]


def known_of(found: LossSlice) -> np.ndarray:
    """Return the finest grid that is known all over, (rows, columns) from the least y; empty before there is one."""
    every = found.found.every
    return found.found.loss[::every, ::every] if every else np.zeros((0, 0))


def is_log(values: np.ndarray) -> bool:
    """Tell whether heights are better shown by logarithms: of a positive loss that differs many times."""
    good = values[np.isfinite(values)]
    return bool(good.size and good.min() > 0 and good.max() > _LOG * good.min())


def look(identifier: str, known: Mapping[str, Look]) -> Look:
    """How a racer looks; the learner's run has a look of its own."""
    return known.get(identifier, look_of("batch"))


def place_at(path: Path, step: float) -> tuple[float, float]:
    """Return where a racer is after so many steps: between two kept weights on the straight line; NaN if nowhere."""
    good = np.isfinite(path.places).all(axis=1)
    steps, places = path.steps[good], path.places[good]
    if not len(steps):
        return float("nan"), float("nan")
    return float(np.interp(step, steps, places[:, 0])), float(np.interp(step, steps, places[:, 1]))


def frames(path: Path, steps: int) -> np.ndarray:
    """Return where a racer is at `FRAMES` + 1 moments of a race, (n, 2)."""
    good = np.isfinite(path.places).all(axis=1)
    if not good.any():
        return np.full((FRAMES + 1, 2), np.nan)
    when = np.linspace(0, max(steps, 1), FRAMES + 1)
    return np.column_stack(
        [np.interp(when, path.steps[good], path.places[good, axis]) for axis in (0, 1)]
    )


def height_below(found: LossSlice, at: tuple[float, float]) -> float:
    """Return the slice's loss at a point of its plane, between four grid points; NaN where it is not known."""
    values, x, y = known_of(found), found.found.x, found.found.y
    if min(values.shape, default=0) < 2 or not all(map(isfinite, at)):
        return float("nan")
    rows, columns = values.shape
    u = (at[0] - x[0]) / (x[-1] - x[0]) * (columns - 1)
    v = (at[1] - y[0]) / (y[-1] - y[0]) * (rows - 1)
    if not (0 <= u <= columns - 1 and 0 <= v <= rows - 1):
        return float("nan")
    i, j = min(int(u), columns - 2), min(int(v), rows - 2)
    s, t = u - i, v - j
    return float(
        (values[j, i] * (1 - s) + values[j, i + 1] * s) * (1 - t)
        + (values[j + 1, i] * (1 - s) + values[j + 1, i + 1] * s) * t
    )


def paint_ways(
    painter: QPainter, theme: Theme, view: Viewport, found: LossSlice, known: Mapping[str, Look],
    step: float, chosen: str,
) -> None:  # fmt: skip
    """Paint everybody's way up to a step, and the markers."""
    paths = sorted(found.paths, key=lambda one: one.id == chosen)
    for path in paths:
        at = place_at(path, step)
        good = np.isfinite(path.places).all(axis=1) & (path.steps <= step)
        way = np.r_[path.places[good], [at]]
        if np.isfinite(way).all():
            color = look(path.id, known).color(theme)
            stroke(painter, theme, color, view.px(way), path.id == chosen)
    _paint_middle(painter, theme, view, found)
    for path in paths:
        at = place_at(path, step)
        if not all(map(isfinite, at)):
            continue
        point = view.point(*at)
        size = CHOSEN if path.id == chosen else MARKER
        if not view.contains(point):
            point = QPointF(
                min(max(point.x(), view.x + _INSET), view.x + view.w - _INSET),
                min(max(point.y(), view.y + _INSET), view.y + view.h - _INSET),
            )
            size *= _SMALLER
        paint_marker(painter, look(path.id, known), theme, point, size)


def _paint_middle(painter: QPainter, theme: Theme, view: Viewport, found: LossSlice) -> None:
    at = view.point(0.0, 0.0)
    if view.contains(at, 4):
        x, y = at.x(), at.y()
        draw.line(painter, x - 7, y, x + 7, y, theme.tx, 1.25)
        draw.line(painter, x, y - 7, x, y + 7, theme.tx, 1.25)


def axes_words(found: LossSlice) -> tuple[str, str]:
    """What the two directions are."""
    if found.directions == "random":
        return tr("random direction 1"), tr("random direction 2")
    names = []
    for k, share in enumerate(found.found.plane.shares):
        title = tr("component {number}", number=k + 1)
        names.append(f"{title} ({percent(share)})" if isfinite(share) else title)
    return names[0], names[1]


def percent(share: float) -> str:
    """A share, with one decimal where that tells something."""
    return f"{100 * share:.0f} %" if share < 0.995 or share > 0.9995 else f"{100 * share:.1f} %"


def caveats(found: LossSlice, titles: Mapping[str, str], chosen: str) -> list[str]:
    """Return what a slice hides, in sentences that are true of this one."""
    words = [_middle(found, titles)]
    learned = number(found.learned)
    if found.directions == "principal":
        shares = [one for one in found.found.plane.shares if isfinite(one)]
        if shares:
            words.append(
                tr("These two directions hold {share} of how the ways vary. Your network learns {learned} numbers: all "
                   "other directions are hidden.", share=percent(sum(shares)), learned=learned)
            )  # fmt: skip
    else:
        words.append(
            tr("Two random directions of {learned}, each filter as long as the network's own. Biases and normalization "
               "stay as they are. Ways hardly go along random directions, so they look like dots.", learned=learned)
        )  # fmt: skip
    path = next((one for one in found.paths if one.id == chosen), None)
    if path is None and found.paths:
        path = found.paths[0]
    told = path is not None and path.id == found.centre
    if path is not None and not told and len(path.steps) and isfinite(float(path.distances[-1])):
        words.append(_of_path(found, path, titles))
    gone = [titles.get(one, one) for one in found.left_out]
    if gone:
        words.append(
            tr("{names} went too far away, or broke: the directions are those of the others.", names=", ".join(gone))
        )  # fmt: skip
    part = tr("training") if found.part == "train" else tr("held-out")
    words.append(
        tr("Measured on {count} {part} samples, without dropout; batch normalization, where there is any, uses the "
           "moving statistics of the middle everywhere.", count=number(found.found.samples), part=part)
    )  # fmt: skip
    return words


def _middle(found: LossSlice, titles: Mapping[str, str]) -> str:
    """Say which weights the middle is."""
    if found.centre == "present":
        return tr("The cross is the network as it is now.")
    if found.centre == "mean":
        return tr("The cross is the mean of all weights on the ways.")
    return tr("The cross is where {name} ended.", name=titles.get(found.centre, found.centre))


def _of_path(found: LossSlice, path: Path, titles: Mapping[str, str]) -> str:
    name = titles.get(path.id, path.id)
    away, length = float(path.distances[-1]), float(path.lengths[-1])
    sentence = tr("{name} ends {away} away from this plane, and {length} from the cross.", name=name,
                  away=_short(away), length=_short(length))  # fmt: skip
    real = float(path.losses[-1])
    below = height_below(found, (float(path.places[-1, 0]), float(path.places[-1, 1])))
    if isfinite(real) and isfinite(below):
        sentence += " " + tr("Its own loss there is {real}; the plane below it has {below}.",
                             real=loss_text(real), below=loss_text(below))  # fmt: skip
    return sentence


def _short(value: float) -> str:
    return "0" if value < 1e-6 else f"{value:.3g}"
