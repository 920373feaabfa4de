"""Compiling what a project needs into Numba's cache folder. Runs in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from core.tape import cache

cache.prepare()

from core import losses, optimizers  # noqa: E402
from core.tape.compiler import compile_network, kernels_needed  # noqa: E402
from core.tape.table import table  # noqa: E402

if TYPE_CHECKING:
    from core.spec import Network, Training
    from core.tape.compiler import Tape

Progress = Callable[[int, int], None]


def tapes(network: Network, training: Training) -> Iterator[Tape]:
    """Yield the tapes an open project runs: training, one sample, prediction."""
    loss = losses.get(training.loss)
    yield compile_network(
        network,
        "train",
        loss=loss,
        optimizer=optimizers.get(training.optimizer),
        metrics=training.metrics,
        batch_size=training.batch_size,
    )
    yield compile_network(network, "explain", loss=loss, wrt="params", head="loss", batch_size=1)
    yield compile_network(network, "predict", batch_size=training.batch_size)


def warm(network: Network, training: Training, progress: Progress | None = None) -> int:
    """Compile every kernel and the machine; return how many there are.

    What Step needs comes first: the kernels of the training tape in its own order, so that a window
    that asks early finds them.
    """
    report = progress or (lambda done, total: None)
    names: dict[str, None] = {}
    for tape in tapes(network, training):
        names.update(dict.fromkeys(kernels_needed(tape)))
    jobs: list[Callable[[], object]] = [
        lambda name=name: table(np.float32).number(name) for name in names
    ]
    jobs += [lambda: _machine(network, training), _pictures]
    report(0, len(jobs))
    for done, job in enumerate(jobs, 1):
        job()
        report(done, len(jobs))
    return len(jobs)


def _machine(network: Network, training: Training) -> None:
    """Compile the machine by running nothing with it."""
    from core.tape.program import Program  # noqa: PLC0415 - binds kernels compiled above

    program = Program(next(iter(tapes(network, training))), 1)
    program.run(0, 0)
    program.run_steps(0, np.zeros((1, max(1, len(program.watch)))))


def _pictures() -> None:
    """Compile what the drawings use."""
    from app.scenes import edges  # noqa: PLC0415 - Qt, which the rest does without

    edges.warm()
