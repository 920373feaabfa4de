"""Films over the instructions of one step: how long each is shown, and the frames of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from app.export.formats import ExportUsageError
from app.scenes import closeups
from app.scenes.closeup import SCENE, best_of, chosen_of, lines_of, subject_at, subject_of
from app.scenes.frame import Frame
from app.snapshots import Probe
from app.text import tr
from core.naming import unknown

if TYPE_CHECKING:
    from app.export.recipe import Recipe
    from app.snapshots import InstructionView, ProgramView, Snapshot
    from app.traces import Origin

#: Cells a window passes in a second, seconds of a slide at least and at most, and of an instruction without one.
_PACE, _SHORT, _LONG, _STILL = 12.0, 2.0, 12.0, 2.5
#: At the end of a slide the whole result stands still for so long.
_HOLD = 0.8
#: Of tensors larger than this only the shown sample is read.
_LARGE = 4_000_000


class InsideSource(Protocol):
    """A run that can be stopped within a step."""

    @property
    def taken(self) -> int:
        """Steps the run has taken."""

    @property
    def rows(self) -> int:
        """Samples in a batch."""

    def inside(self, step: int, done: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after so many instructions of that step; called in the order of time."""

    def origin(self, instruction: int, tensor: str, cell: tuple[int, ...]) -> Origin:
        """Return how a number of the instruction done last came about."""


@dataclass(frozen=True)
class Shot:
    """One instruction of a film.

    Attributes
    ----------
    line
        The instruction.
    cells
        How many cells its window passes; 0 if none does.
    slide, hold
        Frames while it moves, and while it rests.
    """

    line: InstructionView
    cells: int
    slide: int
    hold: int

    def __len__(self) -> int:
        return self.slide + self.hold

    def toggles(self, recipe: Recipe, number: int) -> dict[str, Any]:
        """Return the switches of one of its frames."""
        shown = {**recipe.toggles, "instruction": self.line.index}
        if number < self.slide:
            shown["walked"] = min(int(number / self.slide * self.cells), self.cells - 1)
        return shown


@dataclass(frozen=True)
class StepFilm:
    """All of a film: the step it is of, and its instructions."""

    step: int
    shots: tuple[Shot, ...]

    def __len__(self) -> int:
        return sum(map(len, self.shots))

    def toggles_at(self, recipe: Recipe, number: int) -> dict[str, Any]:
        """Return the switches of one frame."""
        for shot in self.shots:
            if number < len(shot):
                return shot.toggles(recipe, number)
            number -= len(shot)
        return self.shots[-1].toggles(recipe, len(self.shots[-1]))


def step_of(recipe: Recipe, taken: int) -> int:
    """Return the step that is filmed: the one the range ends with, or the last one taken, or the first."""
    return max(0, (recipe.last if recipe.last is not None else taken or 1) - 1)


def check_number(program: ProgramView, toggles: Mapping[str, Any]) -> None:
    """Refuse a number that no tensor of the program has.

    Raises
    ------
    ExportUsageError
        With the tensors there are, or the shape of the one that was named.
    """
    if "tensor" not in toggles or chosen_of(program, toggles) is not None:
        return
    name, cell = str(toggles["tensor"]), [int(k) + 1 for k in toggles.get("cell", ())]
    info = program.tensors.get(name)
    if info is None:
        raise ExportUsageError(unknown(tr("tensor"), name, list(program.tensors)))
    raise ExportUsageError(
        tr("{name} has shape {shape}; there is no number {cell} in it, counted from 1.",
           name=name, shape=list(info.shape), cell=cell)
    )  # fmt: skip


def step_film(recipe: Recipe, program: ProgramView, taken: int) -> StepFilm:
    """Return what a film of a step shows.

    Raises
    ------
    ExportUsageError
        When the recipe names a layer that has no instructions, with those that have; or a number there is not.
    """
    check_number(program, recipe.toggles)
    layer = str(recipe.toggles.get("layer", ""))
    lines = lines_of(program, layer)
    if not lines:
        known = sorted({line.layer for line in program.instructions if line.layer})
        raise ExportUsageError(
            tr("There is no layer {name} with instructions. Layers are {known}.", name=repr(layer),
               known=", ".join(known))
        )  # fmt: skip
    seconds = []
    cells = []
    for line in lines:
        walk = closeups.walk_of(best_of(program, line), subject_at(program, line, recipe.toggles))
        cells.append(walk.count if walk is not None else 0)
        slide = min(max(cells[-1] / _PACE, _SHORT), _LONG) if cells[-1] else 0.0
        seconds.append((slide, _HOLD if cells[-1] else _STILL))
    whole = sum(a + b for a, b in seconds)
    frames = (recipe.seconds if recipe.seconds is not None else whole) * recipe.fps
    shots, begun, passed = [], 0, 0.0
    for line, count, (slide, hold) in zip(lines, cells, seconds, strict=True):
        passed += slide + hold
        ends = max(1, round(passed / whole * frames))
        own, begun = ends - begun, ends
        # In a very short film an instruction may have no frame at all.
        if own:
            moving = round(own * slide / (slide + hold))
            shots.append(Shot(line, count, moving, own - moving))
    return StepFilm(step_of(recipe, taken), tuple(shots))


def step_frames(recipe: Recipe, source: InsideSource, film: StepFilm) -> Iterator[Frame]:
    """Yield what each frame shows."""
    start = source.inside(film.step, 0, lasting_probes(film))
    for shot in film.shots:
        after = _reached(recipe, source, film, shot)
        more = _explained(recipe, source, after, shot)
        pace = _pace(recipe, after, shot)
        for number in range(len(shot)):
            # What builds up does so while nothing slides.
            clock = {} if shot.cells else {"clock": number / recipe.fps * pace}
            yield _frame(recipe, start, after, shot.toggles(recipe, number) | more | clock)


def _pace(recipe: Recipe, after: Snapshot, shot: Shot) -> float:
    """How much faster than in the window something moves, so that it comes to rest while it is shown."""
    subject = subject_of(after, shot.toggles(recipe, shot.slide))
    best = best_of(subject.program, subject.instruction) if subject is not None else None
    if subject is None or best is None:
        return 1.0
    return max(1.0, 1.4 * best.duration(subject) * recipe.fps / max(1, shot.hold))


def still(recipe: Recipe, source: InsideSource, film: StepFilm) -> Frame:
    """Return a picture of the instruction the recipe names, or of the first with all of its result."""
    start = source.inside(film.step, 0, lasting_probes(film))
    wanted = recipe.toggles.get("instruction")
    shot = next((s for s in film.shots if s.line.index == wanted), film.shots[0])
    after = _reached(recipe, source, film, shot)
    toggles = (
        dict(recipe.toggles) if shot.line.index == wanted else shot.toggles(recipe, shot.slide)
    )
    return _frame(recipe, start, after, toggles | _explained(recipe, source, after, shot))


def _explained(recipe: Recipe, source: InsideSource, after: Snapshot, shot: Shot) -> dict[str, Any]:
    """How the number a shot rests on came about; where a window slides, its close-up says so itself."""
    if shot.cells:
        return {}
    subject = subject_of(after, shot.toggles(recipe, shot.slide))
    if subject is None:
        return {}
    return {"origin": source.origin(shot.line.index, subject.tensor, subject.full)}


def _reached(recipe: Recipe, source: InsideSource, film: StepFilm, shot: Shot) -> Snapshot:
    """Go to the moment after an instruction."""
    begun = source.inside(film.step, shot.line.index, ())
    probes = probes_of(shot, begun, shot.toggles(recipe, shot.slide), source.rows)
    return source.inside(film.step, shot.line.index + 1, probes)


def _frame(recipe: Recipe, start: Snapshot, after: Snapshot, toggles: dict[str, Any]) -> Frame:
    return Frame(
        before=start, after=after, toggles=MappingProxyType(toggles), caption=recipe.caption
    )


def lasting_probes(film: StepFilm) -> tuple[Probe, ...]:
    """What the filmed instructions read of weights and of the optimizer's memory, as the step finds it."""
    names = {
        name for shot in film.shots for name in (*shot.line.operands.values(), *shot.line.writes)
    }
    return tuple(Probe(name) for name in sorted(names))


def probes_of(shot: Shot, start: Snapshot, toggles: dict[str, Any], rows: int) -> tuple[Probe, ...]:
    """What the close-up of an instruction needs, for batches of so many rows."""
    subject = subject_of(start, toggles)
    best = best_of(subject.program, subject.instruction) if subject is not None else None
    if subject is None or best is None:
        return ()
    found = []
    for name in best.tensors(subject):
        info, size = subject.info(name), rows
        for extent in info.shape:
            size *= extent
        one = (subject.row, subject.row + 1, None) if info.batch and size > _LARGE else None
        found.append(Probe(name, one))
    return tuple(found)


__all__ = [
    "SCENE",
    "InsideSource",
    "Shot",
    "StepFilm",
    "step_film",
    "step_frames",
    "step_of",
    "still",
]
