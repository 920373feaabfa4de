"""The scene of deletion and insertion: pixels go, or come, in the order of a map, and the class's probability follows.

A frame's toggles hold ``"removal"`` (`app.engine.questions.trust.Removal` of a method), ``"chance"`` (the same of
random orders, or None), ``"x"`` (the input), ``"fill"`` (what pixels are replaced by), ``"words"`` (whose probability),
``"title"`` (of the method) and ``"share"`` (of the pixels that are gone, 0 to 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import draw, explained, images, registry
from app.scenes.attribution_path import explained_class, words_of
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.export.processes import Subject
    from app.scenes.frame import Frame
    from app.theme import Theme
    from core.explain.curves import Curve


def without(x: np.ndarray, curve: Curve, share: float, way: str, fill: Any) -> np.ndarray:
    """The input with a share of its pixels gone (``"deletion"``), or there (``"insertion"``).

    Parameters
    ----------
    x
        In its shape.
    curve
        Whose order it is, and at which shares the probability is known: the nearest of them is shown.
    share
        From 0 to 1.
    """
    k = int(np.abs(curve.fractions - share).argmin())
    count = round(float(curve.fractions[k]) * len(curve.order))
    gone = np.zeros(len(curve.order), bool)
    gone[curve.order[:count]] = True
    if way == "insertion":
        gone = ~gone
    flat = np.array(x, np.float32).reshape(len(gone), -1)
    flat[gone] = fill
    return flat.reshape(x.shape)


class RemovalScene(explained.ExplainedScene):
    """See the module's text. The toggle ``"method"`` names the method; by default integrated gradients."""

    name = "deletion-insertion"
    film_title = tr("Deletion and insertion")
    #: Names of the pictures' numbers, in files.
    shown = ("deleted", "inserted")
    seconds = 10.0

    def process(self, subject: Subject) -> Mapping[str, Any]:
        """Ask for the curves of the method and the class the toggles name, and for those of chance."""
        from app.engine.questions.inside import METHODS

        asked = explained_class(subject)
        method = str(subject.toggles.get("method", "integrated_gradients"))
        settings = dict(subject.toggles.get("settings", {}))
        found = subject.ask(
            "inside_removals", methods={method: settings}, class_index=asked["class_index"],
            against=asked["against"],
        )  # fmt: skip
        return {
            "removal": found.methods[0], "chance": found.methods[-1], "x": subject.x, "fill": found.baseline,
            "words": words_of(subject, asked), "title": METHODS[method],
        }  # fmt: skip

    def paint(
        self, painter: QPainter, layout: explained.ExplainedLayout, theme: Theme, frame: Frame
    ) -> None:
        """Draw both pictures and both curves up to a share."""
        draw.prepare(painter, layout.size)
        toggles = frame.toggles
        found, x = toggles.get("removal"), toggles.get("x")
        words = f"{toggles.get('title', '')} · {toggles.get('words', '')}"
        explained.caption(painter, layout, theme, frame.caption, words)
        if found is None or x is None:
            return
        share = float(toggles.get("share", 1.0))
        grays, fill = explained.ramp_of(toggles), toggles.get("fill", 0.0)
        titles = (tr("Deletion: {share} gone"), tr("Insertion: {share} there"))
        inks, lines = (theme.neg, theme.pos), []
        for way, box, title, ink in zip(
            ("deletion", "insertion"), layout.pictures, titles, inks, strict=True
        ):
            curve = getattr(found, way)
            shown = without(x, curve, share, way, fill)
            explained.picture(
                painter,
                box,
                theme,
                images.photo(theme, shown, grays),
                title.format(share=f"{share:.0%}"),
            )
            upto = int(np.abs(curve.fractions - share).argmin()) + 1
            explained.under(
                painter, box, theme, tr("p {value}", value=f"{curve.scores[upto - 1]:.3f}")
            )
            name = tr("{way}, area {area}", way=way, area=f"{curve.area:.3f}")
            lines.append(explained.Line(curve.fractions[:upto], curve.scores[:upto], ink, name))
        if layout.trace is not None:
            box = layout.trace
            explained.trace(painter, box, theme, tuple(lines), (0.0, 1.0), (0.0, 1.0))
            y = box.y + box.h + 18
            draw.text(painter, box.x, y, tr("no pixel yet"), 11, theme.tx3)
            draw.text(painter, box.x + box.w, y, tr("all pixels"), 11, theme.tx3, anchor="end")
            chance = toggles.get("chance")
            if chance is not None:
                words = tr(
                    "by chance {down} and {up}",
                    down=f"{chance.deletion.area:.3f}",
                    up=f"{chance.insertion.area:.3f}",
                )
                draw.text(painter, box.x + box.w / 2, y, words, 11, theme.tx2, anchor="middle")

    def numbers(self, frame: Frame) -> tuple[np.ndarray | None, ...]:
        """The numbers of each picture."""
        found, x = frame.toggles.get("removal"), frame.toggles.get("x")
        if found is None or x is None:
            return (None, None)
        share, fill = float(frame.toggles.get("share", 1.0)), frame.toggles.get("fill", 0.0)
        return tuple(
            without(x, getattr(found, way), share, way, fill) for way in ("deletion", "insertion")
        )


SCENE = registry.register(RemovalScene())
