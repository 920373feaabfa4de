"""A recurrent layer unrolled in time: gates that open and close, the state that is carried, the gradient's way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes.closeups import register
from app.scenes.closeups.recurrent_detail import needed
from app.scenes.closeups.recurrent_layout import (
    REACH,
    RecurrentLayout,
    kept_states,
    other_direction,
    placed,
    tensor_of,
    window,
)
from app.scenes.closeups.recurrent_paint import paint
from app.scenes.closeups.unrolled import Unrolled, of_instruction
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Moment, Subject
    from app.scenes.frame import ViewState
    from app.theme import Theme

_HELP = {
    "f": "Near 1 the cell keeps what it held, near 0 it forgets.",
    "i": "Near 1 the new content is let in, near 0 it is kept out.",
    "g": "What could enter the cell.",
    "o": "How much of the cell is shown.",
    "c": "What is carried from time step to time step.",
    "h": "What the layer gives out, and reads again at the next time step.",
    "z": "Near 1 the old state stays, near 0 the candidate takes its place.",
    "r": "Near 0 the candidate is made as if there were no past.",
    "candidate": "What the state could become.",
    "x": "What is read at this time step.",
    "other": "The state of the direction that reads the other way.",
}


class Recurrent:
    """The close-up of instructions that belong to a time step."""

    name = "recurrent"
    rank = 40

    def fits(self, subject: Subject) -> bool:
        """Instructions of a time step of SimpleRNN, LSTM, GRU, or either direction of Bidirectional."""
        return of_instruction(subject.program, subject.instruction) is not None

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Gates and states of the time steps around, their gradients, and what clipping makes of the weights'."""
        found = of_instruction(subject.program, subject.instruction)
        if found is None:
            return ()
        layer, time = found
        known = subject.program.tensors
        near = window(layer, time)
        names = [layer.x] if layer.x else []
        for step in layer.steps:
            if step.time in near:
                names += [*step.gates.values(), step.h, step.c]
                names += [f"grad/{name}" for name in step.gates.values()]
        other = other_direction(subject.program, layer)
        if other is not None:
            names += [step.h for step in other.steps if step.time in near]
        for time_step in window(layer, time, REACH):
            step = layer.steps[layer.at(time_step)]
            names += [f"grad/{step.h}", f"grad/{step.c}"]
        names += needed(subject, layer, layer.steps[layer.at(time)])
        names += clipping_of(subject, layer).values()
        names += kept_states(subject.program, layer).values()
        return tuple(dict.fromkeys(name for name in names if name in known))

    def title(self, subject: Subject) -> str:
        """The layer, and where in time it is."""
        found = of_instruction(subject.program, subject.instruction)
        if found is None:
            return ""
        layer, time = found
        where = tr("time step {time} of {count}", time=time + 1, count=len(layer.steps))
        if subject.instruction.phase == "backward":
            return tr("{layer}, back through time: {where}", layer=layer.kind, where=where)
        return tr("{layer} in time: {where}", layer=layer.kind, where=where)

    def duration(self, subject: Subject) -> float:
        """A gate opens, or a gradient goes back, for a moment."""
        return 0.35

    def layout(
        self, subject: Subject, size: tuple[float, float], view: ViewState
    ) -> RecurrentLayout:
        """A column for each time step."""
        found = of_instruction(subject.program, subject.instruction)
        assert found is not None
        clips = bool(clipping_of(subject, found[0]))
        backward = subject.instruction.phase == "backward"
        return placed(subject.program, *found, size, clips=clips, backward=backward)

    def paint(
        self,
        painter: QPainter,
        place: RecurrentLayout,
        theme: Theme,
        subject: Subject,
        moment: Moment,
    ) -> None:
        """Draw the time steps with their numbers."""
        found = of_instruction(subject.program, subject.instruction)
        assert found is not None
        share = min(1.0, moment.clock / self.duration(subject))
        paint(
            painter,
            place,
            theme,
            subject,
            moment,
            found[1],
            self.title(subject),
            clipping_of(subject, place.layer),
            share,
        )

    def describe(
        self, place: RecurrentLayout, hit: Hit, subject: Subject, moment: Moment
    ) -> tuple[str, ...]:
        """What a cell is, its number, and its gradient."""
        if hit.kind == "time":
            return (tr("time step {time}", time=hit.index[0] + 1),)
        for grid in place.kept:
            if grid.tensor == hit.node and grid.place(hit.index) is not None:
                return _about_kept(subject, moment, hit)
        for band in place.bands:
            for column, grid in zip(place.columns, band.grids, strict=True):
                if grid.tensor != hit.node.removeprefix("grad/") or grid.place(hit.index) is None:
                    continue
                unit = hit.index[-1] + 1
                what = (
                    tr("feature {unit}", unit=unit)
                    if band.key == "x"
                    else tr("unit {unit}", unit=unit)
                )
                lines = [
                    f"{tr(band.words)}, {tr('time step {time}', time=column.time + 1)}, {what}"
                ]
                value = moment.sample(subject, grid.tensor)
                if value is not None and value.ndim == len(hit.index):
                    lines.append(f"{band.letter} = {format_number(float(value[hit.index]), 6)}")
                slope = (
                    moment.sample(subject, f"grad/{grid.tensor}")
                    if f"grad/{grid.tensor}" in subject.program.tensors
                    else None
                )
                if slope is not None and slope.ndim == len(hit.index):
                    lines.append(f"∂L/∂{band.letter} = {format_number(float(slope[hit.index]), 6)}")
                return (*lines, tr(_HELP[band.key]))
        return ()


def _about_kept(subject: Subject, moment: Moment, hit: Hit) -> tuple[str, ...]:
    """What is said of a number of the state the batch began with."""
    info, array = subject.info(hit.node), moment.read(subject, hit.node)
    lines = [tr("State the batch began with, unit {unit}", unit=hit.index[-1] + 1)]
    if array is not None:
        value = float(array[min(subject.row, len(array) - 1)][hit.index])
        lines.append(f"{info.symbol} = {format_number(value, 6)}")
    return (*lines, tr("What the batch before has left: the layer keeps its state."))


def clipping_of(subject: Subject, layer: Unrolled) -> dict[str, str]:
    """Return what clips the gradient of the state's weights: ``gradient``, ``clipped``, and ``norm`` if by length."""
    known = subject.program.tensors
    if f"clipped/{layer.kernel}" not in known:
        return {}
    found = {"gradient": f"grad/{layer.kernel}", "clipped": f"clipped/{layer.kernel}"}
    norm = next((n for n in ("optimizer/norm", f"norm/{layer.kernel}") if n in known), "")
    return found | ({"norm": norm} if norm else {})


__all__ = ["Recurrent", "clipping_of", "tensor_of"]
register(Recurrent())
