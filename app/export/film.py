"""Making an export: replay the run, paint each moment, hand it to the encoder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from app.engine.motion import phase_at
from app.export import instructions, processes, races, weights
from app.export.encoder import Encoder, check_target, partial_name, real_path, remove
from app.export.formats import ExportError, Format
from app.export.painting import Canvas, png_of
from app.export.plan import FilmPlan, Moment, plan
from app.scenes.frame import Frame, Selection
from core.io.errors import explain_os_error
from core.io.files import replace

if TYPE_CHECKING:
    import numpy as np

    from app.export.recipe import Recipe
    from app.snapshots import NetworkView, Probe, Snapshot
    from app.traces import Origin
    from core.runs.each_sample import SampleGradients
    from core.runs.story import Story

#: Called with the number of frames done and their total before the first and after each frame.
Progress = Callable[[int, int], None]
#: Called with how much is done of what comes before the first frame, from 0 to 1.
Preparing = Callable[[float], None]


class Source(Protocol):
    """A run that can be replayed: the engine's session, or a stand-in in tests."""

    @property
    def spec(self) -> NetworkView:
        """The network as scenes see it."""

    @property
    def taken(self) -> int:
        """Steps the run has taken."""

    @property
    def total_steps(self) -> int:
        """Steps it is set to take."""

    @property
    def epoch_steps(self) -> int:
        """Steps of an epoch."""

    @property
    def rows(self) -> int:
        """Samples in a batch."""

    def give(self, x: np.ndarray) -> None:
        """Show an input that is of no data set, in place of the held-out sample."""

    def until(self, last: int) -> None:
        """Let the axes of charts end at that step."""

    def at(self, step: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after that many steps; called with steps that never go backwards."""

    def inside(self, step: int, done: int, probes: tuple[Probe, ...]) -> Snapshot:
        """Return the run after that many steps and so many instructions of the next; never backwards either."""

    def origin(self, instruction: int, tensor: str, cell: tuple[int, ...]) -> Origin:
        """Return how a number of the instruction done last came about."""

    def story(self, weight: str, cell: tuple[int, ...]) -> Story:
        """Return a weight's value, gradient and update in the steps the run has taken."""

    def each_sample(self, weight: str, cell: tuple[int, ...]) -> SampleGradients:
        """Return what each sample of the batch of the present step adds to a weight's gradient."""

    def ask(self, question: str, **values: Any) -> Any:
        """Return the complete answer to a question of `app.engine.questions` at the present step."""

    def tell(self, told: Callable[[float], None] | None) -> None:
        """Let `told` know how much of an answer is done while one is waited for."""


@dataclass(frozen=True)
class Result:
    """What came of an export."""

    path: Path
    frames: int
    first: int
    last: int


def export(
    recipe: Recipe, fmt: Format, source: Source, path: Path, progress: Progress | None = None,
    preparing: Preparing | None = None,
) -> Result:  # fmt: skip
    """Write the film or picture; nothing half-done stays if it fails or is interrupted.

    Raises
    ------
    ExportError
        With a sentence, when it cannot be written.
    """
    check_target(path, fmt)
    canvas = Canvas(recipe, source.spec)
    if canvas.films == "instructions":
        return _export_step(recipe, fmt, canvas, source, path, progress or (lambda done, of: None))
    if canvas.films == "process":
        return _export_process(
            recipe, fmt, canvas, source, path, progress or (lambda done, of: None), preparing
        )
    given = processes.given(recipe, source.spec)
    if given is not None:
        source.give(given)
    film = plan(recipe, source.taken, source.total_steps, source.epoch_steps)
    source.until(film.last)
    report = progress or (lambda done, of: None)
    if fmt.kind == "still":
        report(0, 1)
        film = FilmPlan(film.first, film.last, (Moment(film.last),))
        shown = next(_moments(recipe, canvas, source, film))
        _write(fmt, canvas, shown, path, recipe.caption or source.spec.name)
        report(1, 1)
        return Result(path, 1, film.last, film.last)
    report(0, len(film))
    with Encoder(fmt, path, canvas.size, recipe.fps) as encoder:
        for number, frame in enumerate(_moments(recipe, canvas, source, film), 1):
            encoder.add(canvas.pixels(frame))
            report(number, len(film))
    return Result(path, len(film), film.first, film.last)


def _export_step(
    recipe: Recipe, fmt: Format, canvas: Canvas, source: Source, path: Path, report: Progress
) -> Result:
    """Write a film over the instructions of one step, or a picture of the first of them."""
    step = instructions.step_of(recipe, source.taken)
    start = source.inside(step, 0, ())
    assert start.program is not None
    film = instructions.step_film(recipe, start.program, source.taken)
    source.until(step + 1)
    moments = instructions.step_frames(recipe, source, film)
    if fmt.kind == "still":
        report(0, 1)
        _write(
            fmt,
            canvas,
            instructions.still(recipe, source, film),
            path,
            recipe.caption or source.spec.name,
        )
        report(1, 1)
        return Result(path, 1, step, step + 1)
    report(0, len(film))
    with Encoder(fmt, path, canvas.size, recipe.fps) as encoder:
        for number, frame in enumerate(moments, 1):
            encoder.add(canvas.pixels(frame))
            report(number, len(film))
    return Result(path, len(film), step, step + 1)


def export_race(
    recipe: Recipe, fmt: Format, source: races.RaceSource, path: Path, progress: Progress | None = None
) -> Result:  # fmt: skip
    """Write a film of a race, or a picture of its end; nothing half-done stays if it fails or is interrupted.

    Raises
    ------
    ExportError
        With a sentence, when it cannot be written.
    """
    check_target(path, fmt)
    races.check_race(recipe, source.race)
    canvas = Canvas(recipe, source.spec)
    report = progress or (lambda done, of: None)
    first, last = races.span_of(recipe, source.race)
    title = recipe.caption or source.spec.name
    if fmt.kind == "still":
        report(0, 1)
        _write(fmt, canvas, races.race_still(recipe, canvas, source), path, title)
        report(1, 1)
        return Result(path, 1, last, last)
    count = races.frame_count(recipe, source.race)
    report(0, count)
    with Encoder(fmt, path, canvas.size, recipe.fps) as encoder:
        for number, frame in enumerate(races.race_frames(recipe, canvas, source), 1):
            encoder.add(canvas.pixels(frame))
            report(number, count)
    return Result(path, count, first, last)


def _export_process(
    recipe: Recipe, fmt: Format, canvas: Canvas, source: Source, path: Path, report: Progress,
    preparing: Preparing | None,
) -> Result:  # fmt: skip
    """Write a film of a process at one step, or a picture of its end."""
    step = processes.step_of(recipe, source.taken)
    if fmt.kind == "still":
        report(0, 1)
        shown = processes.still_of(recipe, canvas, source, preparing)
        _write(fmt, canvas, shown, path, recipe.caption or source.spec.name)
        report(1, 1)
        return Result(path, 1, step, step)
    count = processes.frames_of(recipe, canvas)
    report(0, count)
    with Encoder(fmt, path, canvas.size, recipe.fps) as encoder:
        shown_frames = processes.process_frames(recipe, canvas, source, preparing)
        for number, frame in enumerate(shown_frames, 1):
            encoder.add(canvas.pixels(frame))
            report(number, count)
    return Result(path, count, step, step)


def _moments(recipe: Recipe, canvas: Canvas, source: Source, film: FilmPlan) -> Iterator[Frame]:
    """Yield what each frame of a film over steps shows."""
    if canvas.films == "weight":
        return weights.weight_frames(recipe, source, film)
    return frames(recipe, canvas, source, film)


def frames(recipe: Recipe, canvas: Canvas, source: Source, film: FilmPlan) -> Iterator[Frame]:
    """Yield what each frame shows."""
    probes = canvas.probes(_frame(recipe, None, None))
    before: Snapshot | None = None
    after: Snapshot | None = None
    shown = -1
    travelling: tuple[Snapshot | None, Snapshot | None] = (None, None)
    signal = -1
    for moment in film.frames:
        wanted = moment.step + 1 if moment.travels else moment.step
        if wanted != shown:
            if moment.travels and (after is None or shown != moment.step):
                after = source.at(moment.step, probes)
            before, after, shown = after, source.at(wanted, probes), wanted
        if moment.travels:
            phase = phase_at(canvas.stages - 1, moment.share)
            yield _frame(recipe, before, after, moment.share, phase)
        elif moment.signal is not None:
            if moment.signal != signal:
                travelling, signal = (travelling[1], after), moment.signal
            phase = phase_at(canvas.stages - 1, moment.share)
            yield _frame(recipe, *travelling, moment.share, phase, newest=after)
        else:
            yield _frame(recipe, None, after)


def _frame(
    recipe: Recipe,
    before: Snapshot | None,
    after: Snapshot | None,
    alpha: float = 1.0,
    phase: object = None,
    newest: Snapshot | None = None,
) -> Frame:
    return Frame(
        before=before,
        after=after,
        alpha=alpha,
        clock=phase,  # type: ignore[arg-type]
        selection=Selection(sample=recipe.sample),
        toggles=MappingProxyType(dict(recipe.toggles)),
        caption=recipe.caption,
        newest=newest,
    )


def _write(fmt: Format, canvas: Canvas, frame: Frame, path: Path, title: str) -> None:
    """Write one frame as a picture."""
    partial = partial_name(path)
    try:
        if fmt.id == "svg":
            # QSvgGenerator says nothing when it cannot write, so it writes where there is room to tell.
            with tempfile.TemporaryDirectory() as folder:
                drawn = Path(folder) / "still.svg"
                canvas.svg(frame, drawn, title)
                partial.write_bytes(drawn.read_bytes())
        else:
            partial.write_bytes(png_of(canvas.image(frame)))
        replace(partial, real_path(path))
    except OSError as error:
        raise ExportError(explain_os_error(error, path, "save")) from error
    finally:
        remove(partial)
