"""Write `conformance.md`: everything that is registered, what it is tested against, and the largest error.

``python -m tests.core.conformance`` (or ``make table``). The errors of stored cases need no Keras; the file says which
versions the numbers are from.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import core
from core import (
    activations,
    callbacks,
    initializers,
    landscape,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from core.checking import check_programs
from core.errors import AdviceWarning
from core.layers import registry
from core.spec import Network
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.explain import our_side as explaining
from tests.core.explain.cases import CASES as EXPLAINED
from tests.core.golden import (
    cases,
    following,
    freezing,
    layers,
    metric_cases,
    metric_side,
    our_side,
)
from tests.core.golden.layers.case import LayerCase
from tests.core.golden.optimizer_side import optimizer_error
from tests.core.landscape import cases as racing
from tests.core.landscape import comparing
from tests.core.networks import chain
from tests.core.subjects import bound, layer_subjects, loss_variants

BOUND = 1e-5
PATH = Path(__file__).with_name("conformance.md")
#: Not in Keras, and so compared with a formula in NumPy, or with a value worked out by hand.
OWN_ACTIVATIONS = {
    "binary_step": "NumPy; the perceptron rule: worked example",
    "arctan": "NumPy",
}


@dataclass(frozen=True)
class Line:
    """A row of the table; errors that are not measured are None."""

    name: str
    against: str
    cases: int = 0
    forward: float | None = None
    backward: float | None = None
    check: float | None = None
    check32: float | None = None
    note: str = ""


# ---- stored cases --------------------------------------------------------------------------------


@cache
def case_errors(part: str, name: str) -> tuple[float, float]:
    """(forward, backward): the largest errors of a case of layers."""
    case = next(case for case in layers.cases_of(part) if case.name == name)
    expected = dict(layers.of(part, name))
    found = our_side.measured(case, [str(n) for n in expected.pop("weights")])
    errors = {key: our_side.error(found[key], theirs) for key, theirs in expected.items()}
    back = [e for key, e in errors.items() if key.startswith(("grad/", "after/"))]
    return max(e for key, e in errors.items() if not key.startswith("grad/")), max(
        back, default=0.0
    )


def kinds_in(case: LayerCase) -> set[str]:
    """Kinds of layers in a case, those inside others included."""

    def inside(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield str(value.get("class_name", ""))
            for item in value.values():
                yield from inside(item)
        if isinstance(value, (list, tuple)):
            for item in value:
                yield from inside(item)

    _, _, calls, _ = case.graph()
    found = {"InputLayer"}
    for call in calls:
        found |= {call.kind, *inside(call.config)}
    return found


def activations_in(case: LayerCase) -> set[str]:
    """Activations that a case names."""
    _, _, calls, _ = case.graph()
    named = {v for call in calls for v in call.config.values() if isinstance(v, str)}
    return {activations.describe(n).name for n in named if n in (*activations.names(), "swish")}


def of_cases(chosen: Iterable[tuple[str, LayerCase]]) -> tuple[int, float | None, float | None]:
    """(how many, forward, backward). Cases in which Keras's own rounding is larger than the bound are not counted."""
    found = [
        (*case_errors(part, case.name), case.training)
        for part, case in chosen
        if case.tolerance <= BOUND
    ]
    if not found:
        return 0, None, None
    backward = [back for _, back, training in found if training]
    return len(found), max(f for f, _, _ in found), max(backward, default=None)


# ---- gradient checks -----------------------------------------------------------------------------


def gradient_errors(make: Callable[[str, Any, int], Any]) -> tuple[float, float, str]:
    """(float64, float32, why something is left out) of the public check."""
    results = [
        check_programs(lambda wrt, element: make(wrt, element, 0), numbers=8, dtype=dtype, seed=0)
        for dtype in ("float64", "float32")
    ]
    reasons = sorted(set(results[0].excluded.values()))
    return results[0].error, results[1].error, " ".join(reasons)


def of_network(network: Network, loss: Any = None) -> tuple[float, float, str]:
    """The gradient check of a network in training."""
    chosen = loss if loss is not None else losses.get("mean_squared_error")

    def make(wrt: str, element: Any, seed: int) -> Any:
        return bound(network, chosen, dtype=element, seed=seed, wrt=wrt)

    return gradient_errors(make)


def worst(found: list[tuple[float, float, str]]) -> tuple[float | None, float | None, str]:
    """The largest of several."""
    if not found:
        return None, None, ""
    notes = sorted({note for _, _, note in found if note})
    return max(e for e, _, _ in found), max(e for _, e, _ in found), " ".join(notes)


# ---- parts of the table --------------------------------------------------------------------------


def layer_lines() -> Iterator[Line]:
    subjects = [s for s in layer_subjects() if not s.wide]
    everything = layers.all_cases()
    for kind in registry.kinds():
        name = kind.__name__
        stored = of_cases((part, case) for part, case in everything if name in kinds_in(case))
        check = worst([of_network(s.network) for s in subjects if s.kind == name])
        yield Line(name, "Keras", *stored, *check)


def activation_lines() -> Iterator[Line]:
    everything = layers.all_cases()
    for name in activations.names():
        network = chain(
            (5,), ("Dense", {"units": 4}), ("Activation", {"activation": name}), ("Dense", {"units": 2})
        )  # fmt: skip
        stored = of_cases((p, case) for p, case in everything if name in activations_in(case))
        yield Line(name, OWN_ACTIVATIONS.get(name, "Keras"), *stored, *of_network(network))


def loss_lines() -> Iterator[Line]:
    variants = loss_variants()
    for name in losses.names():
        made = [loss for _, loss in variants if loss.name == name]
        stored = [loss_error(case) for case in cases.LOSSES if losses.get(case.loss).name == name]
        checks = []
        for loss in made:
            link = "linear" if loss.from_logits else loss.suits
            network = chain((4,), ("Dense", {"units": 3, "activation": link}))
            checks.append(of_network(network, loss))
        backward = [back for _, back in stored if back is not None]
        yield Line(
            name,
            "the notes' formula" if name == "half_squared_error" else "Keras",
            len(stored),
            max((forward for forward, _ in stored), default=None),
            max(backward, default=None),
            *worst(checks),
        )


def loss_error(case: cases.LossCase) -> tuple[float, float | None]:
    """(loss, gradient) of a stored case."""
    with np.load(cases.FOLDER / "losses.npz", allow_pickle=False) as file:
        expected = {
            key: file[f"{case.name}|{key}"]
            for key in ("loss", "grad")
            if f"{case.name}|{key}" in file.files
        }
    target, logits = cases.loss_inputs(case)
    weight = cases.loss_weights(case)
    network = chain(case.shape, ("Activation", {"activation": case.link or "linear"}))
    tape = compile_network(
        network, "check", wrt="input", loss=cases.made_loss(case), weighted=case.weighted
    )
    program = Program(tape, len(logits))
    program.feed([logits], [target], None if weight is None else [weight])
    program.run()
    forward = our_side.error(np.array(program.tensor("loss")), expected["loss"])
    if "grad" not in expected:
        return forward, None
    return forward, our_side.error(program.tensor("grad/input_1/x"), expected["grad"])


def optimizer_lines() -> Iterator[Line]:
    for name in optimizers.names():
        chosen = [key for key, config in cases.OPTIMIZERS.items() if config["kind"] == name]
        forward = max((optimizer_error(key, "float32") for key in chosen), default=None)
        yield Line(name, "Keras, 1,000 steps", len(chosen), forward)


def schedule_lines() -> Iterator[Line]:
    with np.load(cases.FOLDER / "schedules.npz", allow_pickle=False) as file:
        stored = {key: file[f"{key}|float32"] for key in cases.SCHEDULES}
    for name in schedules.names():
        errors = []
        for key, document in cases.SCHEDULES.items():
            if document["kind"] == name:
                mine = [schedules.get(document)(step) for step in cases.SCHEDULE_STEPS]
                largest = float(stored[key].max())
                errors.append(float(np.abs(np.array(mine) - stored[key]).max()) / largest)
        against = "Keras" if errors else "PyTorch" if name == "OneCycle" else "the notes' formula"
        yield Line(name, against, len(errors), max(errors, default=None))


def other_lines() -> Iterator[tuple[str, Line]]:
    for name in initializers.names():
        yield "Initializers", Line(name, "its distribution, and the spread of Keras's draws")
    for name in regularizers.names():
        config = {"units": 3, "kernel_regularizer": name, "activity_regularizer": name}
        network = chain((4,), ("Dense", config))
        plain = name.replace("_", "").lower()
        stored = of_cases(
            (part, case)
            for part, case in layers.all_cases()
            if any(plain == found.replace("_", "").lower() for found in _regularizers_in(case))
        )
        yield "Regularizers", Line(name, "Keras", *stored, *of_network(network))
    for name in metrics.names():
        yield "Metrics", metric_line(name)


def metric_line(name: str) -> Line:
    """A metric in the stored cases, batch after batch, without and with weights."""
    if name in metrics.OPEN:
        return Line(name, "the one of three that Keras takes")
    kind = type(metrics.get(name)).__name__
    chosen = [case for case in metric_cases.CASES if case.kind == kind]
    errors = []
    for case in chosen:
        for way, weighted in case.ways.items():
            found = metric_side.by_itself(case, weighted=weighted)
            errors.append(metric_side.difference(found, metric_side.stored()[f"{case.name}|{way}"]))
    return Line(name, "Keras" if errors else "NumPy", len(chosen), max(errors, default=None))


def freezing_lines() -> Iterator[Line]:
    """Trainings with frozen layers: what they report, and the last weights."""
    with np.load(cases.FOLDER / "freezing.npz", allow_pickle=False) as file:
        stored = {key: file[key] for key in file.files}
    for name, case in freezing.CASES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AdviceWarning)
            found = case(core)
        errors = [our_side.error(value, stored[f"{name}|{key}"]) for key, value in found.items()]
        yield Line(
            name,
            "Keras, four epochs" if name == "a nested model" else "Keras, two epochs",
            1,
            max(errors),
        )


def callback_lines() -> Iterator[Line]:
    stored = json.loads(following.PATH.read_text("utf-8"))
    for name in callbacks.__all__:
        if name in ("Callback", "CallbackList"):
            continue
        chosen = [key for key, case in following.CASES.items() if case[0] == name]
        tried = following.TRIED.get(name, ())
        errors = [_difference(following.ours_of(key), stored["following"][key]) for key in chosen]
        errors += [_difference(following.hooks_of(key), stored["hooks"][key]) for key in tried]
        against = "Keras, recorded metrics" if chosen else "Keras, what it hears and does"
        yield Line(name, against if errors else "its lines", len(errors), max(errors, default=None))


def attribution_lines() -> Iterator[Line]:
    """Methods of `core.explain` that Captum has, in the stored cases."""
    stored = explaining.golden()
    for name in sorted({case.method for case in EXPLAINED}):
        chosen = [case for case in EXPLAINED if case.method == name]
        errors = [explaining.error(explaining.answer(c), stored[c.name]) for c in chosen]
        yield Line(name, "Captum", len(chosen), max(errors))


def surface_lines() -> Iterator[Line]:
    """Known surfaces at their settings, and typed formulas: heights and slopes beside symbolic ones."""
    typed = {text for text, _ in racing.FORMULAS}
    names = {
        name: [key for key in racing.every() if key.split()[0] == name and key not in typed]
        for name in landscape.names()
    }
    for name, keys in {**names, "typed formulas": sorted(typed)}.items():
        errors = [comparing.surface_errors(key) for key in keys]
        yield Line(
            name,
            "SymPy, 40 digits",
            len(keys),
            max(e for e, _ in errors),
            max(e for _, e in errors),
        )


def way_lines() -> Iterator[Line]:
    """Ways of 1,000 steps over surfaces, in double precision."""
    for name in optimizers.names():
        keys = [key for key, config in racing.OPTIMIZERS.items() if config["kind"] == name]
        errors = [comparing.way_error(surface, key) for surface in racing.ON for key in keys]
        yield Line(name, "Keras, 1,000 steps in float64", len(errors), max(errors))


def _difference(ours: Any, theirs: Any) -> float:
    """The largest relative difference of two records of numbers; infinite if they are not of the same things."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and set(ours) == set(theirs):
        return max((_difference(ours[key], theirs[key]) for key in theirs), default=0.0)
    if isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        return max((_difference(a, b) for a, b in zip(ours, theirs, strict=True)), default=0.0)
    if isinstance(theirs, float) and isinstance(ours, float):
        equal = ours == theirs or (np.isnan(ours) and np.isnan(theirs))
        return 0.0 if equal else abs(ours - theirs) / max(abs(theirs), 1e-12)
    return 0.0 if ours == theirs else float("inf")


def _regularizers_in(case: LayerCase) -> set[str]:
    _, _, calls, _ = case.graph()
    return {
        str(value.get("class_name", "") if isinstance(value, dict) else value)
        for call in calls
        for key, value in call.config.items()
        if key.endswith("_regularizer") and value is not None
    }


# ---- the file ------------------------------------------------------------------------------------

HEAD = """# What is proven, and how well

Written by `make table` from what is registered; a test fails if something registered is missing here, or if an error is
above its bound.

- **Forward** and **backward**: the largest difference from {versions} in the stored cases
  (`tests/core/golden`): outputs and losses; gradients of every weight and of the input. In float32, relative to the
  largest number of the tensor (at least 0.01). Bound: 1e-5. `make test-long` asks Keras again, in random settings, too.
- **Check**: the largest relative error of `core.gradient_check`, central differences in float64. Bound: 1e-5.
- **Check, float32**: gradients in float32, as training computes them, against the same differences. Bound: 1e-3.
- Every layer, loss and optimizer also keeps to the six-tape property (`tests/core/runs/test_every_layer.py`: 50 steps
  are 20 steps, a saved file and 30 steps, are stepping to and fro, are the journal replayed, byte for byte), and every
  cell of every operation is explained by a formula that gives the kernel's number (`tests/core/ops/test_explain.py`).
- Freezing: small trainings in which what is named is frozen (`tests/core/golden/freezing.py`).
- Callbacks are given recorded metrics (`tests/core/golden/following.py`): their error is the largest difference of
  counters, best values, rates, weights and files.
- Attribution: the stored cases of `tests/core/explain`, answered by Captum {captum}; relative to the largest
  number of a map (at least 0.001). Bound: 1e-4.
- Surfaces: heights (forward) and slopes (backward) at 40 points each, relative to the number where it is larger than 1.
  Bound: 1e-12. Ways: positions on the way, relative. Bound: 1e-6 (`tests/core/landscape`).
- Not counted: {beyond}. There Keras's own rounding is larger than the bound; ours is 0, as it must be.
- "0" means not a bit of difference; "–" that there is nothing to measure.
"""


def number(value: float | None) -> str:
    """An error with one digit."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.0e}"


def section(title: str, lines: Iterable[Line]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| Name | Tested against | Cases | Forward | Backward | Check | Check, float32 |"
    yield "| --- | --- | --: | --: | --: | --: | --: |"
    notes = []
    for line in lines:
        mark = ""
        if line.note and line.note not in notes:
            notes.append(line.note)
        if line.note:
            mark = f" ({notes.index(line.note) + 1})"
        errors = [number(e) for e in (line.forward, line.backward, line.check, line.check32)]
        yield (
            f"| {line.name} | {line.against} | {line.cases or '–'} | "
            + " | ".join([*errors[:2], errors[2] + mark, errors[3]])
            + " |"
        )
    if notes:
        yield ""
    for k, note in enumerate(notes):
        yield f"({k + 1}) Left out of the check: {note}"


def sections() -> dict[str, list[Line]]:
    """The whole table."""
    found: dict[str, list[Line]] = {
        "Layers": list(layer_lines()),
        "Activations": list(activation_lines()),
        "Losses": list(loss_lines()),
        "Optimizers": list(optimizer_lines()),
        "Schedules": list(schedule_lines()),
    }
    found["Callbacks"] = list(callback_lines())
    found["Freezing"] = list(freezing_lines())
    found["Attribution"] = list(attribution_lines())
    found["Surfaces"] = list(surface_lines())
    found["Ways over surfaces"] = list(way_lines())
    for title, line in other_lines():
        found.setdefault(title, []).append(line)
    return found


def versions() -> dict[str, str]:
    """Of Keras, the backend that gave the stored numbers, and Captum."""
    text = str(layers.stored("first")["versions"])
    keras, torch = (part.split()[1].split("+")[0] for part in text.split(", ")[:2])
    captum = str(explaining.golden()["versions"]).split(",")[0].split()[-1]
    return {"versions": f"Keras {keras} on PyTorch {torch}", "captum": captum}


def beyond() -> str:
    """Names of the cases that are not counted."""
    return ", ".join(f'"{case.name}"' for _, case in layers.all_cases() if case.tolerance > BOUND)


def main() -> None:
    """Measure, and write the file."""
    with np.errstate(all="ignore"):
        parts = [part for title, lines in sections().items() for part in section(title, lines)]
    PATH.write_text(
        "\n".join([HEAD.format(**versions(), beyond=beyond()), *parts]).replace("\n\n\n", "\n\n")
        + "\n",
        "utf-8",
    )
    print(PATH)


if __name__ == "__main__":
    main()
