"""The scene of the sanity check: one layer after the other is given random weights, and the map answers, or does not.

A frame's toggles hold ``"forgetting"`` (`app.engine.questions.trust.Forgetting`), ``"x"`` (the input), ``"words"``
(whose score), ``"title"`` (of the method), ``"signed"`` and ``"share"`` (how far the layers have forgotten, 0 to 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import draw, explained, images, registry
from app.scenes.attribution import SIGNED, highest, pixels_of
from app.scenes.attribution_path import explained_class, words_of
from app.scenes.spec_view import numbered_titles
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame
    from app.theme import Theme


class ForgettingScene(explained.ExplainedScene):
    """See the module's text. The toggle ``"method"`` names the method; by default saliency."""

    name = "sanity-check"
    film_title = tr("Sanity check")
    #: Names of the pictures' numbers, in files.
    shown = ("first", "now")
    seconds = 8.0

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Ask for the maps of the method and the class the toggles name."""
        from app.engine.questions.inside import METHODS

        asked = explained_class(subject)
        method = str(subject.toggles.get("method", "saliency"))
        settings = dict(subject.toggles.get("settings", {}))
        found = subject.ask(
            "inside_sanity_checks", methods={method: settings}, class_index=asked["class_index"],
            against=asked["against"],
        )  # fmt: skip
        return {
            "forgetting": found.methods[0], "x": subject.x, "words": words_of(subject, asked),
            "title": METHODS[method], "signed": subject.toggles.get("signed", method in SIGNED),
            "layers": dict(numbered_titles(subject.spec)),
        }  # fmt: skip

    def paint(
        self, painter: QPainter, layout: explained.ExplainedLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw the first map and the one at a share of the layers."""
        draw.prepare(painter, layout.size)
        toggles = frame.toggles
        found = toggles.get("forgetting")
        words = f"{toggles.get('title', '')} · {toggles.get('words', '')}"
        explained.caption(painter, layout, theme, frame.caption, words)
        if found is None:
            return
        k = _index(found, float(toggles.get("share", 1.0)))
        signed, names = bool(toggles.get("signed", False)), toggles.get("layers", {})
        ramp = "signed" if signed else "magnitude"
        layers = [names.get(one, one) for one in found.maps[k].layers]
        titles = (
            tr("The network as it is"),
            tr("Random: {layers}", layers=", ".join(layers))
            if layers
            else tr("Nothing forgotten yet"),
        )
        for box, title, one in zip(
            layout.pictures, titles, (found.maps[0], found.maps[k]), strict=True
        ):
            pixels = pixels_of(one.attributions, found.method, signed)
            top = highest(pixels)
            explained.picture(painter, box, theme, images.heat(theme, pixels, ramp, top), title)
            explained.bar(painter, box, theme, ramp, top)
        if layout.trace is not None:
            likeness = np.array([one.correlation for one in found.maps[: k + 1]])
            value = draw.signed(float(likeness[-1]), 3) if np.isfinite(likeness[-1]) else "NaN"
            line = explained.Line(
                np.arange(k + 1),
                likeness,
                theme.pos,
                tr("rank correlation with the first map = {value}", value=value),
            )
            last = float(max(1, len(found.maps) - 1))
            explained.trace(
                painter,
                layout.trace,
                theme,
                (line,),
                (0.0, last),
                (-1.0, 1.0),
                ((0.0, tr("nothing left")),),
            )

    def numbers(self, frame: Frame) -> tuple[np.ndarray | None, ...]:
        """The numbers of each picture, (height, width)."""
        found = frame.toggles.get("forgetting")
        if found is None:
            return (None, None)
        signed = bool(frame.toggles.get("signed", False))
        k = _index(found, float(frame.toggles.get("share", 1.0)))
        return tuple(pixels_of(found.maps[i].attributions, found.method, signed) for i in (0, k))


def _index(found: Any, share: float) -> int:
    """The map at a share: each stands equally long."""
    return min(len(found.maps) - 1, int(share * len(found.maps)))


SCENE = registry.register(ForgettingScene())
