"""The scene of integrated gradients at work: an image from the baseline to the input, the gradient there, and the sum.

A frame's toggles hold ``"path"`` (`core.explain.integrand.Integrand`), ``"x"`` (the input), ``"words"`` (whose score),
``"share"`` (how far along the path, 0 to 1) and ``"opacity"`` of the overlay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import draw, explained, images, registry
from app.scenes.attribution import highest, overlay
from app.scenes.formula_expressions import format_number
from app.text import tr
from core.errors import ChainruleError

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame
    from app.theme import Theme
    from core.explain.integrand import Integrand


@dataclass(frozen=True)
class Moment:
    """How far along a path the picture is.

    Attributes
    ----------
    index
        Number of the point, from 0.
    alpha
        Where on the path.
    shown
        The input on the way there.
    gradient, total
        (height, width): the gradient at the point, and what all points so far add up to.
    """

    index: int
    alpha: float
    shown: np.ndarray
    gradient: np.ndarray
    total: np.ndarray


def moment(path: Integrand, x: np.ndarray, share: float) -> Moment:
    """The point at a share of the path's points."""
    index = min(len(path.alphas) - 1, max(0, round(share * (len(path.alphas) - 1))))
    alpha = float(path.alphas[index])
    shown = path.baseline + np.float32(alpha) * (x - path.baseline)
    return Moment(index, alpha, shown, path.gradients[index], path.parts[: index + 1].sum(0))


class PathScene(explained.ExplainedScene):
    """See the module's text. Films go along the path."""

    name = "integrated-gradients"
    film_title = tr("Integrated gradients")
    pictures, traced = 3, True
    #: Names of the pictures' numbers, in files.
    shown = ("on_the_way", "gradient", "sum_so_far")
    seconds = 8.0

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Ask for the path of the class the toggles name, or of the one the network takes the input for."""
        return explained_path(subject)

    def paint(
        self, painter: QPainter, layout: explained.ExplainedLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw a point of the path."""
        draw.prepare(painter, layout.size)
        toggles = frame.toggles
        path, x = toggles.get("path"), toggles.get("x")
        words = tr("Integrated gradients · {words}", words=toggles.get("words", ""))
        explained.caption(painter, layout, theme, frame.caption, words)
        if path is None or x is None:
            return
        now = moment(path, x, float(toggles.get("share", 1.0)))
        first, second, third = layout.pictures
        alpha = format_number(now.alpha, 3)
        grays = explained.ramp_of(toggles)
        explained.picture(
            painter,
            first,
            theme,
            images.photo(theme, now.shown, grays),
            tr("On the way"),
            f"α = {alpha}",
        )
        explained.under(
            painter, first, theme,
            tr("point {k} of {n}", k=now.index + 1, n=len(path.alphas)),
        )  # fmt: skip
        # One scale for all points: a gradient that grows is seen to grow.
        top = path.steepest or 1.0
        explained.picture(
            painter, second, theme, images.heat(theme, now.gradient, "signed", top), tr("Gradient there"),
        )  # fmt: skip
        explained.bar(painter, second, theme, "signed", top)
        whole = highest(path.total)
        made = overlay(
            theme,
            x,
            now.total,
            signed=True,
            top=whole,
            opacity=float(toggles.get("opacity", 0.8)),
            ramp=grays,
        )
        explained.picture(painter, third, theme, images.from_words(made), tr("Sum so far"))
        explained.bar(painter, third, theme, "signed", whole)
        if layout.trace is not None:
            self._trace(painter, layout.trace, theme, path, now)

    @staticmethod
    def _trace(
        painter: QPainter, box: explained.Box, theme: Theme, path: Integrand, now: Moment
    ) -> None:
        risen = path.scores.astype(np.float64) - path.baseline_score
        gained, upto = path.gained, slice(0, now.index + 1)
        whole = path.score - path.baseline_score
        every = np.concatenate([risen, gained, [0.0, whole]])
        every = every[np.isfinite(every)]
        # The sum is of the way as far as the last point stands for it.
        way = np.minimum(np.cumsum(path.weights), 1.0)
        lines = (
            explained.Line(
                path.alphas[upto], risen[upto], draw.faded(theme.tx, 0.5), tr("f(α) − f(baseline)"), 5.0
            ),
            explained.Line(
                way[upto], gained[upto], theme.pos,
                tr("Σ so far = {value}", value=draw.signed(float(gained[now.index]), 3)),
            ),
        )  # fmt: skip
        mark = tr("f(x) − f(baseline) = {value}", value=draw.signed(whole, 3))
        extent = (float(every.min()), float(every.max()))
        explained.trace(painter, box, theme, lines, (0.0, 1.0), extent, ((whole, mark),))
        y = box.y + box.h + 18
        draw.text(painter, box.x, y, tr("baseline, α = 0"), 11, theme.tx3)
        draw.text(painter, box.x + box.w, y, tr("input, α = 1"), 11, theme.tx3, anchor="end")

    def numbers(self, frame: Frame) -> tuple[np.ndarray | None, ...]:
        """The numbers of each picture, (height, width) or with channels."""
        path, x = frame.toggles.get("path"), frame.toggles.get("x")
        if path is None or x is None:
            return (None, None, None)
        now = moment(path, x, float(frame.toggles.get("share", 1.0)))
        return now.shown, now.gradient, now.total


def explained_path(subject: Subject) -> Mapping[str, Any]:
    """What a film of the path shows."""
    asked = explained_class(subject)
    found = subject.ask("inside_path", settings=dict(subject.toggles.get("settings", {})), **asked)
    return {"path": found.path, "x": subject.x, "words": words_of(subject, asked)}


def explained_class(subject: Subject) -> dict[str, Any]:
    """Which score is explained: ``"class"``, ``"on"`` and ``"against"`` of the toggles, or what the network says.

    Raises
    ------
    core.errors.ChainruleError
        The network does not look at images.
    """
    if subject.x.ndim != 3:
        raise ChainruleError(
            tr("Films of attributions are of networks that look at images; this one reads {count} numbers.",
               count=subject.x.size)
        )  # fmt: skip
    toggles = subject.toggles
    chosen = toggles.get("class")
    if chosen is None:
        scores = subject.ask("inside_look").scores
        chosen = int(np.nan_to_num(scores, nan=-np.inf).argmax()) if len(scores) else 0
    return {
        "class_index": int(chosen), "on": str(toggles.get("on", "score")), "against": toggles.get("against"),
    }  # fmt: skip


def words_of(subject: Subject, asked: Mapping[str, Any]) -> str:
    """Whose score, in words."""

    def name(k: int) -> str:
        names = subject.spec.classes
        return names[k] if k < len(names) else str(k)

    if asked["against"] is not None:
        return tr("class {a} against {b}", a=name(asked["class_index"]), b=name(asked["against"]))
    return tr("class {a}", a=name(asked["class_index"]))


SCENE = registry.register(PathScene())
