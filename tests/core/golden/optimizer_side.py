"""An optimizer's case on the tape, compared with what Keras gave."""

from __future__ import annotations

import numpy as np

from core import losses, optimizers
from core.kernels import state as S
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.golden import cases, our_side
from tests.core.golden.layers.case import weight_values
from tests.core.networks import chain


def steps_of(name: str, dtype: str) -> dict[str, np.ndarray]:
    """The variables after the kept steps, on the tape."""
    network = chain((3,), ("Dense", {"units": 2}))
    tape = compile_network(
        network, "train", loss=losses.get("mse"), optimizer=optimizers.get(cases.OPTIMIZERS[name])
    )
    program = Program(tape, 4, dtype)
    names = {key: f"dense_1/{key}" for key in cases.OPTIMIZED}
    program.set_weights({
        names[key]: weight_values(name, key, shape) for key, shape in cases.OPTIMIZED.items()
    })  # fmt: skip
    update = next(k for k, ins in enumerate(tape.instructions) if ins.phase == "update")
    given = cases.gradients(name)
    kept: dict[str, list[np.ndarray]] = {key: [] for key in names}
    program.feed([np.zeros((4, 3))], [np.zeros((4, 2))])
    for step in range(cases.OPTIMIZER_STEPS):
        for key, tensor in names.items():
            program.tensor(f"grad/{tensor}")[...] = given[key][step]
        program.run(update)
        program.state[S.ITERATION] += 1
        if step in cases.KEPT_STEPS:
            for key, tensor in names.items():
                kept[key].append(program.tensor(tensor).copy())
    return {f"{dtype}/{key}": np.stack(values) for key, values in kept.items()}


def optimizer_error(name: str, dtype: str) -> float:
    """The largest difference from Keras after any of the kept steps."""
    with np.load(cases.FOLDER / "optimizers.npz", allow_pickle=False) as file:
        found = steps_of(name, dtype)
        return max(our_side.error(mine, file[f"{name}|{key}"]) for key, mine in found.items())
