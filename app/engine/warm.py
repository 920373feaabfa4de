"""Compiling what a project needs into Numba's cache folder. Runs in a process of its own, or in several."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from core.tape import cache

FOLDER = cache.prepare()

from core import losses, optimizers, schedules  # noqa: E402
from core.errors import ChainruleError  # noqa: E402
from core.explain.pieces import up_to  # noqa: E402
from core.kernels import state as S  # noqa: E402
from core.spec.inspection import inspect  # noqa: E402
from core.tape.compiler import compile_network, kernels_needed  # noqa: E402
from core.tape.table import table  # noqa: E402

if TYPE_CHECKING:
    from core.spec import Network, Training
    from core.tape.compiler import Tape

Progress = Callable[[int, int], None]

#: Beside kernels: what runs them, on one thread and on two, what keeps what they overwrite,
#: what measures them, what draws.
_MACHINE, _SHARING, _READING, _HEALTH, _PICTURES = (
    "machine", "sharing", "reading", "health", "pictures",
)  # fmt: skip

#: What races over surfaces run, with any schedule, and pictures of them. No part of a project: a job of its own.
SURFACES = "surfaces"

#: What single instructions run, and the end of their step.
OF_SINGLE_STEPS = (_READING, _HEALTH)

#: One of the compiled functions behind each of these, by the name of its index.
_INDEX = {
    _MACHINE: "machine.run_steps",
    _SHARING: "sharing.assist",
    _READING: "reading.run_kept",
    _HEALTH: "health.measure",
    _PICTURES: "edge_kernels.draw_tiles",
    SURFACES: "landscape.rates",
}

#: Before the name of what is compiled for float64.
_PRECISE = "float64:"

#: Kernels that take many times as long as the others begin first, so that none of them ends alone.
_SLOW = ("products.products", _SHARING)

#: For fewer missing kernels each, processes beside the first are not worth their start of a second.
_WORTH_A_HELPER = 4

#: Processes beside the first: with four the product, which takes a quarter of the time, is nearly the last to end.
_MOST_HELPERS = 3


def helpers_for(missing: int, processors: int) -> int:
    """Return how many processes beside the first share the work. Of more than two cores one is left to the window."""
    if processors < 2:
        return 0
    return min(_MOST_HELPERS, max(1, processors - 2), missing // _WORTH_A_HELPER)


def tapes(network: Network, training: Training) -> Iterator[Tape]:
    """Yield the tapes an open project runs: training, one sample, prediction."""
    loss = losses.get(training.loss)
    yield compile_network(
        network,
        "train",
        loss=loss,
        optimizer=optimizers.get(dict(training.optimizer)),
        metrics=training.metrics,
        weighted_metrics=training.weighted_metrics,
        batch_size=training.batch_size,
    )
    yield compile_network(network, "explain", loss=loss, wrt="params", head="loss", batch_size=1)
    yield compile_network(network, "predict", batch_size=training.batch_size)


def jobs_of(network: Network, training: Training, *, precise: bool = False) -> list[str]:
    """Return what has to be compiled, slow ones first.

    `precise` is what nobody waits for: what explains the network, and what numeric checks need.
    """
    if precise:
        tape = compile_network(
            network, "check", loss=losses.get(training.loss), metrics=(), batch_size=1
        )
        exact = [f"{_PRECISE}{name}" for name in (_MACHINE, _SHARING, *kernels_needed(tape))]
        trained = jobs_of(network, training)
        return [*(name for name in of_explanations(network) if name not in trained), *exact]
    names: dict[str, None] = dict.fromkeys((_MACHINE, _SHARING, _READING, _HEALTH, _PICTURES))
    for tape in tapes(network, training):
        names.update(dict.fromkeys(kernels_needed(tape)))
    return sorted(names, key=lambda name: name not in _SLOW)


def jobs_alone(network: Network) -> list[str]:
    """Return what has to be compiled before a network that cannot be trained is explained, slow ones first."""
    names = [_MACHINE, _SHARING, *of_explanations(network)]
    return sorted(names, key=lambda name: name not in _SLOW)


def of_explanations(network: Network) -> list[str]:
    """Return the kernels that look inside a network: what it says, why, and what excites its channels."""
    shapes = {row.layer: row.output_shape or () for row in inspect(network, batch_size=1).rows}
    # The channels of one layer are made as those of another of as many axes.
    layers = {len(shape): layer for layer, shape in shapes.items() if len(shape) in (1, 2, 3)}
    gradients: list[tuple[str, str]] = [("standard", "score"), ("guided", "score")]
    wanted = [(network, [*gradients, ("standard", "probability")])]
    wanted += [(up_to(network, layer, axes), gradients[:1]) for axes, layer in layers.items()]
    names: dict[str, None] = {}
    for piece, options in wanted:
        try:
            tapes = [compile_network(piece, "predict", batch_size=1)]
            tapes += [
                compile_network(piece, "explain", wrt="input", relu_backward=relu, head=head, batch_size=1)
                for relu, head in options
            ]  # fmt: skip
        except ChainruleError:
            continue  # it gives no list of classes, or has several inputs: nothing of that is explained
        for tape in tapes:
            names.update(dict.fromkeys(kernels_needed(tape)))
    return list(names)


def warm(
    network: Network,
    training: Training,
    progress: Progress | None = None,
    helper: list[str] | None = None,
    *,
    precise: bool = False,
    alone: bool = False,
) -> int:
    """Compile every kernel and the machine; return how many there are.

    Parameters
    ----------
    network, training
        The project.
    progress
        Called with jobs done and their total.
    helper
        Command of a process that runs `serve`; where there are more cores, such processes share the work.
    precise
        Compile for float64 what numeric checks need, instead of what training needs.
    alone
        Compile what explains a network that cannot be trained, and nothing else.
    """
    report = progress or (lambda done, total: None)
    jobs = jobs_alone(network) if alone else jobs_of(network, training, precise=precise)
    missing = not_cached(jobs)
    waiting = deque(sorted(jobs, key=lambda name: name not in missing))
    lock = threading.Lock()
    done = 0
    report(0, len(jobs))

    def finished() -> None:
        nonlocal done
        with lock:
            done += 1
            report(done, len(jobs))

    count = helpers_for(len(missing), os.cpu_count() or 1) if helper else 0
    shared = [
        threading.Thread(target=_share, args=(helper, waiting, finished), daemon=True)
        for _ in range(count)
    ]
    for one in shared:
        one.start()
    while waiting:
        try:
            name = waiting.popleft()
        except IndexError:
            break
        compile_job(name)
        finished()
    for one in shared:
        one.join()
    return len(jobs)


def _share(helper: list[str], waiting: deque[str], finished: Callable[[], None]) -> None:
    """Hand jobs to the helper one at a time. What it could not do is left to whoever needs it."""
    with subprocess.Popen(
        helper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while waiting:
            try:
                name = waiting.popleft()
            except IndexError:
                break
            try:
                process.stdin.write(name + "\n")
                process.stdin.flush()
                if not process.stdout.readline():
                    return
            except OSError:
                return
            finished()
        process.stdin.close()


def serve(lines: Iterator[str], say: Callable[[str], None]) -> None:
    """Be the helper: compile what is named, line by line."""
    for line in lines:
        compile_job(line.strip())
        say(line.strip())


def compile_job(name: str) -> None:
    """Compile one thing, or load it from the cache."""
    dtype = np.float64 if name.startswith(_PRECISE) else np.float32
    name = name.removeprefix(_PRECISE)
    if name == _PICTURES:
        from app.scenes import edges

        edges.warm()
    elif name in _FUNCTIONS:
        _FUNCTIONS[name](np.zeros(1, dtype))
    else:
        table(dtype).number(name)


def _program(arena: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return a tape of no instructions: addresses, integers, reals, arena and state."""
    integers, reals = np.zeros((0, 1), np.int64), np.zeros((0, 1), np.float64)
    return np.zeros(0, np.int64), integers, reals, arena, np.zeros(S.SIZE, np.int64)


def _run_nothing(arena: np.ndarray) -> None:
    """Compile the machine by letting it run nothing."""
    from core.kernels import machine

    program, none = _program(arena), np.zeros(0, np.int64)
    machine.run_range(*program, 0, 0)
    machine.run_steps(*program, none, none, np.zeros(2, np.int64), none, np.zeros((1, 1)), 0)


def _read_nothing(arena: np.ndarray) -> None:
    """Compile what keeps what is overwritten."""
    from core.kernels import reading

    program, none = _program(arena), np.zeros(0, np.int64)
    writes, times = np.zeros((0, 5), np.int64), np.zeros((0, 1), np.int64)
    reading.run_kept(*program, 0, 0, writes, none, arena, 0, times)


def _share_nothing(arena: np.ndarray) -> None:
    """Compile what two threads run."""
    from core.kernels import sharing

    program, none = _program(arena), np.zeros(0, np.int64)
    tasks, bounds = np.zeros((0, 3), np.int64), np.zeros((0, 4), np.int64)
    owns, meeting = np.zeros((2, S.SIZE), np.int64), np.zeros(sharing.MEETING, np.int64)
    shared = (*program, program[1], owns, meeting, tasks, bounds)
    sharing.run_regions(*shared, 0, 0)
    control, record = np.zeros(2, np.int64), np.zeros((1, 1))
    sharing.run_steps(*shared, none, none, 0, 0, 0, control, none, record, 0)
    sharing.assist(*shared)


def _measure_nothing(arena: np.ndarray) -> None:
    """Compile what measures a run's health."""
    from core.kernels import health

    before = arena[:0].copy()
    before.flags.writeable = False
    tasks, limits = np.zeros((0, 8), np.int64), np.zeros((0, 2))
    spans, alive = np.zeros((0, 3), np.int64), np.zeros(0, np.uint8)
    health.measure(arena, before, tasks, limits, spans, 0, alive, np.zeros((0, 8)))


def _race_nowhere(_arena: np.ndarray) -> None:
    """Compile what races run by letting some take a step."""
    from core import landscape

    bowl = landscape.surface("bowl")
    bowl.values((1, 1))
    for name in schedules.names():
        rate = schedules.Schedule.kinds[name].example(0.1, 1, 1).to_document()
        landscape.trajectory(bowl, {"kind": "SGD", "learning_rate": rate}, (1, 1), 1)


_FUNCTIONS = {
    SURFACES: _race_nowhere,
    _MACHINE: _run_nothing,
    _SHARING: _share_nothing,
    _READING: _read_nothing,
    _HEALTH: _measure_nothing,
}


def missing(network: Network, training: Training) -> list[str]:
    """Return what would have to be compiled before these run."""
    return not_cached(jobs_of(network, training))


def missing_alone(network: Network) -> list[str]:
    """Return what would have to be compiled before this is explained without being trained."""
    return not_cached(jobs_alone(network))


def not_cached(jobs: list[str]) -> list[str]:
    """Return the jobs without an index in Numba's cache; a wrong guess costs time only.

    An index holds both element types, so what is asked for in float64 always counts as missing.
    """
    there = {path.name.rsplit("-", 1)[0] for path in FOLDER.rglob("*.nbi")}
    return [name for name in jobs if _INDEX.get(name, name) not in there]
