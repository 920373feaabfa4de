"""The scene of one attribution at large: the input, the map by itself, and the map over the input.

A frame's toggles hold ``"found"`` (`app.engine.questions.inside.Attribution`), ``"x"``, ``"words"`` (whose score),
``"title"`` (of the method), ``"signed"``, ``"note"`` and ``"opacity"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import draw, explained, images, registry
from app.scenes.attribution import SIGNED, highest, overlay, pixels_of
from app.scenes.attribution_path import explained_class, words_of
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame
    from app.theme import Theme


def own_map(found: Any) -> np.ndarray | None:
    """The layer's own map of Grad-CAM, before it was enlarged: (rows, columns)."""
    detail = found.detail
    return detail if isinstance(detail, np.ndarray) and detail.ndim == 2 else None


class AttributionScene(explained.ExplainedScene):
    """See the module's text. The toggle ``"method"`` names the method; by default saliency."""

    name = "attribution"
    pictures, traced = 3, False
    #: Names of the pictures' numbers, in files.
    shown = ("input", "map", "over")
    seconds = 4.0

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Ask for the map of the method and the class the toggles name."""
        from app.engine.questions.inside import METHODS

        asked = explained_class(subject)
        method = str(subject.toggles.get("method", "saliency"))
        settings = dict(subject.toggles.get("settings", {}))
        found = subject.ask("inside_attribution", method=method, settings=settings, **asked)
        return {
            "found": found, "x": subject.x, "words": words_of(subject, asked), "title": METHODS[method],
            "signed": subject.toggles.get("signed", method in SIGNED),
        }  # fmt: skip

    def paint(
        self, painter: QPainter, layout: explained.ExplainedLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw the three pictures."""
        draw.prepare(painter, layout.size)
        toggles = frame.toggles
        found, x = toggles.get("found"), toggles.get("x")
        title = str(toggles.get("title", ""))
        words = f"{title} · {toggles.get('words', '')}"
        explained.caption(painter, layout, theme, frame.caption, words if title else "")
        if found is None or x is None:
            return
        signed = bool(toggles.get("signed", False))
        pixels = pixels_of(found.values, found.method, signed)
        top, ramp = highest(pixels), "signed" if signed else "magnitude"
        own = own_map(found)
        first, second, third = layout.pictures
        grays = explained.ramp_of(toggles)
        explained.picture(painter, first, theme, images.photo(theme, x, grays), tr("Input"))
        shown = pixels if own is None else own
        size = "×".join(map(str, shown.shape))
        end = top if own is None else highest(own)
        explained.picture(
            painter, second, theme, images.heat(theme, shown, ramp, end),
            tr("Map") if own is None else tr("Map of the layer"), size,
        )  # fmt: skip
        explained.bar(painter, second, theme, ramp, end)
        made = overlay(
            theme,
            x,
            pixels,
            signed=signed,
            top=top,
            opacity=float(toggles.get("opacity", 0.8)),
            ramp=grays,
        )
        explained.picture(
            painter, third, theme, images.from_words(made), tr("Over the input"), str(toggles.get("note", "")),
        )  # fmt: skip
        explained.bar(painter, third, theme, ramp, top)

    def numbers(self, frame: Frame) -> tuple[np.ndarray | None, ...]:
        """The numbers of each picture, (height, width) or with channels."""
        found, x = frame.toggles.get("found"), frame.toggles.get("x")
        if found is None or x is None:
            return (None, None, None)
        pixels = pixels_of(found.values, found.method, bool(frame.toggles.get("signed", False)))
        own = own_map(found)
        return x, pixels if own is None else own, pixels


SCENE = registry.register(AttributionScene())
