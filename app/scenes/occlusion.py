"""The scene of occlusion at work: a window hides one place after another, the score answers, the map fills.

A frame's toggles hold ``"occluded"`` (`core.explain.occluding.Occluded` of one sample), ``"x"`` (the input), ``"fill"``
(what hides), ``"words"`` (whose score), ``"share"`` (how many of the windows have been, 0 to 1) and ``"opacity"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import draw, explained, images, registry
from app.scenes.attribution import highest, overlay
from app.scenes.attribution_path import explained_class, words_of
from app.text import number, tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame
    from app.theme import Theme
    from core.explain.occluding import Occluded


@dataclass(frozen=True)
class Moment:
    """Where the window is.

    Attributes
    ----------
    index
        Number of the window, row by row, from 0.
    window
        Top, left, bottom and right.
    scores
        (index + 1,): with each window so far hidden.
    total
        (height, width): by how much the score falls, as far as it is known.
    """

    index: int
    window: tuple[int, int, int, int]
    scores: np.ndarray
    total: np.ndarray


def in_order(found: Occluded) -> tuple[np.ndarray, np.ndarray]:
    """Windows row by row, and the score with each hidden: the engine may have taken them coarse ones first."""
    order = np.lexsort((found.windows[:, 1], found.windows[:, 0]))
    return found.windows[order], found.scores[order, 0]


def moment(found: Occluded, shape: tuple[int, int], share: float) -> Moment:
    """The window at a share of all, and the map of those up to it."""
    windows, scores = in_order(found)
    index = min(len(windows) - 1, max(0, round(share * (len(windows) - 1))))
    top, left, bottom, right = windows[index].tolist()
    upto = windows[: index + 1]
    known = np.isfinite(scores[: index + 1])
    falls = np.where(known, float(found.score[0]) - np.nan_to_num(scores[: index + 1]), 0.0)
    total = _covered(upto, falls, shape)
    counts = _covered(upto, known.astype(float), shape)
    mean = total / np.maximum(np.rint(counts), 1)
    return Moment(
        index, (top, left, bottom, right), scores[: index + 1], np.where(counts > 0.5, mean, 0.0)
    )


def _covered(windows: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Sum of the values of the windows over each pixel: corners are marked and added up along both axes."""
    corners = np.zeros((shape[0] + 1, shape[1] + 1))
    top, left, bottom, right = windows.T
    for rows, columns, sign in (
        (top, left, 1),
        (top, right, -1),
        (bottom, left, -1),
        (bottom, right, 1),
    ):
        np.add.at(corners, (rows, columns), sign * values)
    found: np.ndarray = corners.cumsum(0).cumsum(1)[:-1, :-1]
    return found


class OcclusionScene(explained.ExplainedScene):
    """See the module's text. Films go over the places of the window."""

    name = "occlusion"
    film_title = tr("Occlusion")
    #: Names of the pictures' numbers, in files.
    shown = ("seen", "fall")
    seconds = 10.0

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Ask for the map of the class the toggles name, or of the one the network takes the input for."""
        asked = explained_class(subject)
        high, wide = subject.x.shape[:2]
        settings = {"window": (min(5, high), min(5, wide)), **subject.toggles.get("settings", {})}
        found = subject.ask("inside_attribution", method="occlusion", settings=settings, **asked)
        return {
            "occluded": found.detail, "x": subject.x, "fill": settings.get("baseline", 0.0),
            "words": words_of(subject, asked),
        }  # fmt: skip

    def paint(
        self, painter: QPainter, layout: explained.ExplainedLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw the window at a place."""
        draw.prepare(painter, layout.size)
        toggles = frame.toggles
        found, x = toggles.get("occluded"), toggles.get("x")
        words = tr("Occlusion · {words}", words=toggles.get("words", ""))
        explained.caption(painter, layout, theme, frame.caption, words)
        if found is None or x is None:
            return
        now = moment(found, x.shape[:2], float(toggles.get("share", 1.0)))
        top, left, bottom, right = now.window
        first, second = layout.pictures
        grays = explained.ramp_of(toggles)
        shown = hidden(x, now.window, toggles.get("fill", 0.0))
        at = explained.picture(
            painter, first, theme, images.photo(theme, shown, grays),
            tr("Window at row {row}, column {column}", row=top, column=left),
        )  # fmt: skip
        cell = at.w / x.shape[1]
        draw.frame(
            painter, at.x + left * cell, at.y + top * cell, (right - left) * cell, (bottom - top) * cell,
            theme.fwd, 2.0,
        )  # fmt: skip
        whole, score = float(found.score[0]), float(now.scores[-1])
        if np.isfinite(score):
            explained.under(
                painter, first, theme,
                f"{draw.signed(whole, 3)} − ({draw.signed(score, 3)}) = {draw.signed(whole - score, 3)}",
            )  # fmt: skip
        full = highest(found.attributions[0, ..., 0])
        made = overlay(
            theme,
            x,
            now.total,
            signed=True,
            top=full,
            opacity=float(toggles.get("opacity", 0.8)),
            ramp=grays,
        )
        note = tr("{k} of {n}", k=number(now.index + 1), n=number(len(found.windows)))
        explained.picture(
            painter, second, theme, images.from_words(made), tr("Fall of the score"), note
        )
        explained.bar(painter, second, theme, "signed", full)
        if layout.trace is not None:
            self._trace(painter, layout.trace, theme, found, now)

    @staticmethod
    def _trace(
        painter: QPainter, box: explained.Box, theme: Theme, found: Occluded, now: Moment
    ) -> None:
        whole = float(found.score[0])
        every = np.append(found.scores[:, 0], whole)
        every = every[np.isfinite(every)]
        words = tr(
            "score with the window there = {value}", value=draw.signed(float(now.scores[-1]), 3)
        )
        line = explained.Line(np.arange(now.index + 1), now.scores, theme.pos, words)
        mark = tr("nothing hidden: {value}", value=draw.signed(whole, 3))
        last = float(max(1, len(found.windows) - 1))
        extent = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        explained.trace(painter, box, theme, (line,), (0.0, last), extent, ((whole, mark),))
        y = box.y + box.h + 18
        draw.text(painter, box.x, y, tr("first window"), 11, theme.tx3)
        draw.text(painter, box.x + box.w, y, tr("last window"), 11, theme.tx3, anchor="end")

    def numbers(self, frame: Frame) -> tuple[np.ndarray | None, ...]:
        """The numbers of each picture, (height, width) or with channels."""
        found, x = frame.toggles.get("occluded"), frame.toggles.get("x")
        if found is None or x is None:
            return (None, None)
        now = moment(found, x.shape[:2], float(frame.toggles.get("share", 1.0)))
        return hidden(x, now.window, frame.toggles.get("fill", 0.0)), now.total


def hidden(x: np.ndarray, window: tuple[int, int, int, int], fill: Any) -> np.ndarray:
    """The input as the network sees it with a window over it."""
    top, left, bottom, right = window
    shown = np.array(x, np.float32)
    shown[top:bottom, left:right] = fill
    return shown


SCENE = registry.register(OcclusionScene())
