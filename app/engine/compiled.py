"""Kernels that a question needs and nothing has compiled yet: made in a child process. Worker thread."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from app.cli.command import HELPER, own_command, own_environment
from core import optimizers
from core.tape.compiler import compile_network, kernels_needed

if TYPE_CHECKING:
    from core.spec import Network, Training

log = logging.getLogger("chainrule.engine")

#: Seconds the child is waited for before anything else is looked after.
_PATIENCE = 0.02

#: Whether it was seen to already that races over surfaces can begin.
_surfaces_compiled = False


def compiled_elsewhere(
    network: Network, training: Training, loss: Any, documents: Sequence[dict[str, Any]]
) -> Generator[float, None, None]:
    """Wait for a child process that compiles what training with these optimizers lacks.

    Compiling on this thread would hold the interpreter lock for seconds, and the window would stutter. Where the
    child fails, what is missing is compiled here after all, when it is needed.
    """
    from app.engine import warm

    wanted: dict[str, None] = {}
    for document in documents:
        tape = compile_network(
            network, "train", loss=loss, optimizer=optimizers.get(dict(document)),
            metrics=training.metrics, weighted_metrics=training.weighted_metrics,
            batch_size=training.batch_size,
        )  # fmt: skip
        wanted.update(dict.fromkeys(kernels_needed(tape)))
        yield 0.0
    missing = warm.not_cached(list(wanted))
    if missing:
        yield from _compiling(missing)


def surfaces_compiled_elsewhere() -> Generator[float, None, None]:
    """Wait for a child process that compiles what races over surfaces lack, if the window's own has not come to it."""
    global _surfaces_compiled
    if _surfaces_compiled:
        return
    from app.engine import warm

    if warm.not_cached([warm.SURFACES]):
        yield from _compiling([f"float64:{warm.SURFACES}"])
    _surfaces_compiled = True


def _compiling(names: list[str]) -> Generator[float, None, None]:
    command = [*own_command(), "warm"]
    environment = {**os.environ, **own_environment(), HELPER: "1"}
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
        )
    except OSError as error:
        log.warning("kernels are compiled here: %s", error)
        return
    try:
        assert child.stdin is not None
        with suppress(OSError):
            # So little fits into the pipe at once, whatever the child does; one that has ended already takes nothing.
            child.stdin.write("".join(f"{name}\n" for name in names))
            child.stdin.close()
        while child.poll() is None:
            yield 0.0
            try:
                child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                continue
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
