"""The numeric gradient of one weight, in float64: what backpropagation is compared with. Worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.scratch import Scratch
from core.tape.compiler import compile_network
from core.tape.program import Program

if TYPE_CHECKING:
    from core.runs import Run

_STEP = 1e-5

#: More weights than this make a check slow.
_LARGEST = 2_000_000


def numeric_gradient(run: Run | Scratch, tensor: str, cell: tuple[int, ...]) -> float:
    """Return ``(L(w + h) - L(w - h)) / 2h`` for the batch of the present step, from its first weights.

    Raises
    ------
    ChainruleError
        When there is no such weight, or the network is too large to check.
    """
    if isinstance(run, Scratch) and run.between:
        raise ChainruleError(
            "A number between the batch and the loss was put in by hand: it stays when the weight is nudged, so a "
            "numeric check would answer another question. Take that number back first."
        )
    program = run.program
    slots = {slot.tensor.name: slot.tensor for slot in program.tape.weights}
    # Part of a weight counts: the bias of a GRU is two halves, each with a gradient of its own.
    found = program.tape.tensors.get(tensor)
    if found is None or found.role != "weight":
        raise ChainruleError(f"{tensor} is not a weight.")
    if sum(t.size for t in slots.values()) > _LARGEST:
        raise ChainruleError("The network is too large to check its gradients by hand.")
    tape = compile_network(
        run.network,
        "check",
        loss=run.loss,
        metrics=(),
        batch_size=program.capacity,
        weighted=bool(program.tape.sample_weights),
    )
    shadow = Program(tape, program.capacity, dtype=np.float64, seed=run.training.seed)
    samples = run.batch if isinstance(run, Scratch) else run.samples
    # With the weights of samples and classes: without them it would be the slope of another loss.
    shadow.attach(samples.inputs, samples.targets, weights=samples.weights)
    # While a step is under way its start is what the gradient belongs to; between steps, the last one's.
    start = run.step_start
    if start is None:
        raise ChainruleError("No step was taken yet.")
    for slot in tape.weights:
        theirs = slots[slot.tensor.name]
        memory = start.memory[theirs.at : theirs.at + theirs.size]
        shadow.tensor(slot.tensor.name)[...] = memory.reshape(theirs.shape)
    theirs_lasting = {t.name: t for t in program.tape.tensors.values() if t.role == "state"}
    for name, state in shadow.states().items():
        t = theirs_lasting[name]
        state[...] = start.memory[t.at : t.at + state.size].reshape(state.shape)
    shadow.state[:] = start.machine
    if isinstance(run, Scratch):
        # The batch as it was put together by hand, in its order.
        rows = len(run.batch)
        shadow.state[[S.SAMPLES, S.BATCH_SIZE]] = rows
        shadow.state[[S.BATCHES, S.SHUFFLE]] = 1, 0
        shadow.state[S.ORIGIN_STEP] = shadow.state[S.STEP]
    last = max(i for i, ins in enumerate(tape.instructions) if ins.phase == "loss") + 1
    place = shadow.tensor(tensor)
    middle = float(place[cell])
    results = []
    for sign in (1, -1):
        place[cell] = middle + sign * _STEP
        shadow.run(0, last)
        results.append(float(shadow.tensor("loss")))
    place[cell] = middle
    return (results[0] - results[1]) / (2 * _STEP)
