"""What a summary says, asked of both sides: (layer, output shape, parameters) in order, and the weights' shapes.

``python -m tests.core.golden.summaries`` asks Keras for the stacks kept in ``summaries.json``.
"""

from __future__ import annotations

import json
import re
import warnings
from math import prod
from pathlib import Path
from random import Random
from typing import Any

from core import Input, Model
from core.errors import ChainruleError
from core.layers import registry
from core.layers.symbolic import SymbolicTensor
from tests.core.golden.stacks import Step, a_shape, a_step

PATH = Path(__file__).with_name("summaries.json")
COUNT = 120
LENGTH = 14
LARGEST = 20_000
#: What is kept of a model.
Summary = dict[str, Any]


class Ours:
    """The engine's side of a drawing."""

    Refusal: Any = ChainruleError

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.made: dict[str, Any] = {}

    def follow(self, step: Step) -> list[int]:
        """Do a step; the shape that comes out, without the batch."""
        if step.kind == "Input":
            self.values[step.name] = Input(tuple(step.config["shape"]), name=step.name)
        else:
            given = [self.values[name] for name in step.inputs]
            made = self.made.get(step.kind.removeprefix("@")) or self.layer(step)
            self.values[step.name] = made(given if len(given) > 1 else given[0])
            self.made[step.name] = made
        return list(self.values[step.name].shape)

    def layer(self, step: Step) -> Any:
        """A layer of this name."""
        made = registry.make(step.kind, step.config)
        made.name = step.name
        return made

    def inputs_of(self, names: list[str], known: list[str]) -> list[str]:
        """Those of the known Inputs that the named tensors depend on."""
        seen: set[int] = set()
        waiting = [self.values[name] for name in names]
        while waiting:
            t: SymbolicTensor = waiting.pop()
            seen.add(id(t))
            waiting += t.inputs
        return [name for name in known if id(self.values[name]) in seen]

    def summary(self, inputs: list[str], outputs: list[str]) -> Summary:
        """Of the model between these tensors."""
        model = Model([self.values[k] for k in inputs], [self.values[k] for k in outputs])
        text = model.summary_text()
        total, trainable, fixed = (
            int(re.search(rf"{what} params: ([\d,]+)", text)[1].replace(",", ""))  # type: ignore[index]
            for what in ("Total", "Trainable", "Non-trainable")
        )
        assert total == model.count_params()
        rows = re.findall(r"^(\S+) \((\w+)\) +(\(.*?\)) +([\d,]+)(?:  .*)?$", text, re.M)
        return {
            "rows": [
                [
                    name,
                    kind,
                    [int(n) for n in re.findall(r"\d+", shape)],
                    int(count.replace(",", "")),
                ]
                for name, kind, shape, count in rows
            ],
            "counts": [total, trainable, fixed],
            "weights": [list(w.shape) for w in model.get_weights()],
            "outputs": [list(shape[1:]) for shape in _listed(model.output_shape)],
        }


def _listed(shapes: Any) -> list[Any]:
    return shapes if isinstance(shapes, list) else [shapes]


def keras_side() -> Any:
    """Keras's side of a drawing. Needs the conformance extra."""
    from tests.core.golden import keras_side as side

    keras = side.keras

    class Theirs(Ours):
        Refusal = Exception

        def follow(self, step: Step) -> list[int]:
            if step.kind == "Input":
                self.values[step.name] = keras.Input(tuple(step.config["shape"]), name=step.name)
                return list(step.config["shape"])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                super().follow(step)
            shape = list(self.values[step.name].shape[1:])
            if any(n is None or n < 1 for n in shape):
                del self.values[step.name]
                raise ValueError("nothing is left")
            return shape

        def layer(self, step: Step) -> Any:
            return side.made(step.kind, step.config, step.name)

        def summary(self, inputs: list[str], outputs: list[str]) -> Summary:
            model = keras.Model([self.values[k] for k in inputs], [self.values[k] for k in outputs])
            own = {step.name: step for step in model.layers}
            rows = [
                [name, type(layer).__name__, list(layer.output.shape[1:]), layer.count_params()]
                for name, layer in own.items()
            ]
            trainable = sum(w.value.numel() for w in model.trainable_weights)
            fixed = sum(
                w.value.numel() for w in model.non_trainable_weights if "seed" not in w.path
            )
            return {
                "rows": rows,
                "counts": [trainable + fixed, trainable, fixed],
                "weights": [list(w.shape) for w in model.weights if "seed" not in w.path],
                "outputs": [list(t.shape[1:]) for t in model.outputs],
            }

    return Theirs()


def draw(
    rng: Random, side: Any, other: Any = None
) -> tuple[list[Step], list[list[int]], list[str], list[str]]:
    """Steps that `side` takes, shapes after each, and the inputs and outputs of the model.

    With another side both must take or refuse the same steps and give the same shapes.
    """
    steps: list[Step] = []
    shapes: list[list[int]] = []
    count = 1 if rng.random() < 0.6 else rng.randint(2, 3)
    for k in range(count):
        step = Step(f"in_{k}", "Input", {"shape": a_shape(rng)})
        shapes.append(side.follow(step))
        if other is not None:
            other.follow(step)
        steps.append(step)
    for k in range(rng.randint(1, LENGTH)):
        names = [step.name for step in steps]
        # The last few are likelier, so that stacks grow deep.
        step = a_step(rng, f"layer_{k}", names[-2:] if rng.random() < 0.7 else names)
        again = [s for s in steps if s.kind not in ("Input",) and not s.kind.startswith("@")]
        if again and rng.random() < 0.1:
            shared = rng.choice(again)
            like = [shapes[names.index(name)] for name in shared.inputs]
            fitting = [
                [n for n, s in zip(names, shapes, strict=True) if s == shape] for shape in like
            ]
            step = Step(f"layer_{k}", f"@{shared.name}", {}, tuple(rng.choice(f) for f in fitting))
        found = _taken(side, step)
        if other is not None:
            assert _taken(other, step) == found, step
        # Products of images grow out of any memory.
        if found is not None and prod(found) < LARGEST:
            steps.append(step)
            shapes.append(found)
    names = [step.name for step in steps]
    last = names[count:] or names
    outputs = sorted(set(rng.choices(last, k=rng.randint(1, 2))) | {last[-1]})
    ours = side if type(side) is Ours else other
    inputs = (ours or _replay(steps)).inputs_of(outputs, names[:count])
    return steps, shapes, inputs, outputs


def _taken(side: Any, step: Step) -> list[int] | None:
    try:
        shape: list[int] = side.follow(step)
    except side.Refusal:
        return None
    return shape


def _replay(steps: list[Step]) -> Ours:
    side = Ours()
    for step in steps:
        side.follow(step)
    return side


def main() -> None:
    """Write the file."""
    kept = []
    number = 0
    while len(kept) < COUNT:
        theirs = keras_side()
        steps, _, inputs, outputs = draw(Random(number), theirs)
        number += 1
        kept.append({
            "steps": [[s.name, s.kind, s.config, list(s.inputs)] for s in steps],
            "inputs": inputs, "outputs": outputs, "summary": theirs.summary(inputs, outputs),
        })  # fmt: skip
    PATH.write_text("[\n" + ",\n".join(json.dumps(one) for one in kept) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
