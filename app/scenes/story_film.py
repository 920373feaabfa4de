"""The scene of films of one weight: its story told step by step, and what each sample of the batch says of it.

A frame's toggles hold ``"story"`` (the whole `core.runs.story.Story`, so that the axes stand still), ``"step"`` (how
far it is told), ``"samples"`` (`core.runs.each_sample.SampleGradients` of the batch last looked at, or None), ``"row"``
(the sample that is marked) and ``"symbol"`` (the weight in letters). ``"tensor"`` and ``"cell"`` choose the weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.scenes import draw, formula, registry, story
from app.scenes.formula_tex import to_box
from app.scenes.hits import Hit, HitIndex
from app.text import number, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPainter

    from app.scenes.frame import Frame, ViewState
    from app.snapshots import NetworkView, Probe, ProgramView
    from app.theme import Theme

Weight = tuple[str, tuple[int, ...]]
HEAD = 52.0


def trained(program: ProgramView | None) -> dict[str, str]:
    """Return the weights that something updates, in the order of the layers, each with its symbol."""
    if program is None:
        return {}
    found = [
        line.operands["w"]
        for line in program.instructions
        if line.phase == "update" and {"w", "g"} <= set(line.operands)
    ]
    forward = {
        name: k
        for k, line in enumerate(program.instructions)
        for name in line.operands.values()
        if line.phase == "forward"
    }
    found.sort(key=lambda name: (forward.get(name, 0), name))
    return {name: program.tensors[name].symbol or name for name in found}


def first_weight(program: ProgramView | None) -> Weight | None:
    """Return the weight whose story is told where none was chosen."""
    name = next(iter(trained(program)), None)
    if name is None or program is None:
        return None
    return name, (0,) * len(program.tensors[name].shape)


def letters_of(program: ProgramView | None, weight: Weight | None) -> str:
    """Return a weight in letters, for the formula layout: ``w¹_{12}``."""
    if weight is None:
        return "w"
    letters = trained(program).get(weight[0], "w").replace("W", "w")
    if not weight[1]:
        return letters
    between = "" if max(weight[1]) < 9 else ","
    return f"{letters}_{{{between.join(str(k + 1) for k in weight[1])}}}"


@dataclass(frozen=True)
class StoryFilmLayout:
    """The charts and bars under a head."""

    size: tuple[float, float]
    hits: HitIndex
    key: Any
    place: story.StoryLayout


class StoryScene:
    """One weight over the steps of a run."""

    name = "story"
    #: Films of this scene follow a weight, whose numbers are asked for beside the snapshots.
    films = "weight"

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> StoryFilmLayout:
        """Place charts and bars."""
        width, height = size
        place = story.layout((width, max(1.0, height - HEAD)), 0)
        return StoryFilmLayout(size, HitIndex(), (spec.name, size, view), place)

    def probes(self, spec: NetworkView, layout: StoryFilmLayout, frame: Frame) -> tuple[Probe, ...]:
        """Name nothing: the story is asked for."""
        return ()

    def paint(self, painter: QPainter, layout: StoryFilmLayout, theme: Theme, frame: Frame) -> None:
        """Draw the caption, the weight's name, its curves as far as they are told, and the samples of the batch."""
        width, height = layout.size
        toggles: Mapping[str, Any] = frame.toggles
        told, step = toggles.get("story"), int(toggles.get("step", 0))
        symbol = str(toggles.get("symbol", "w"))
        draw.line(painter, 0, HEAD, width, HEAD, theme.line)
        x = 16.0
        if frame.caption:
            x += draw.text(painter, x, 32, frame.caption, 15, theme.tx, weight=600) + 16
        if told is None or not len(told):
            words = tr("The story of a weight begins with its first update.")
            draw.text(painter, width / 2, height / 2, words, 13, theme.tx2, anchor="middle")
            return
        name = formula.lay_out(to_box(symbol, formula.Pen(14, 500, "tx")))
        formula.paint(painter, name, theme, x, 32 - name.baseline)
        x += name.width + 10
        words = draw.elide(told.weight, 11.5, width - x - 160, 400, True)
        draw.text(painter, x, 32, words, 11.5, theme.tx2, mono=True)
        of = tr("step {step} of {all}", step=number(step), all=number(told.last))
        draw.text(painter, width - 20, 32, of, 11.5, theme.tx2, mono=True, anchor="end")
        painter.save()
        painter.translate(0, HEAD)
        story.charts(painter, layout.place, theme, told, until=step)
        painter.setRenderHint(painter.RenderHint.Antialiasing)
        story.marks(painter, layout.place, theme, told, symbol, step, None)
        story.bars(painter, layout.place, theme, toggles.get("samples"), int(toggles.get("row", -1)), None)  # fmt: skip
        painter.restore()

    def describe(self, layout: StoryFilmLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()


SCENE = registry.register(StoryScene())
