"""The close-up of recurrent layers: gates are the gates, every number is the engine's, forward and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QPainter

import app
import core.errors
from app.scenes import closeups, draw
from app.scenes.closeups.recurrent_curve import sizes
from app.scenes.closeups.recurrent_detail import equations, values_of
from app.scenes.closeups.recurrent_layout import tensor_of
from app.scenes.closeups.recurrent_paint import lit
from app.scenes.closeups.unrolled import Unrolled, of_instruction, unrolled
from app.scenes.formula_expressions import format_number
from app.scenes.frame import ViewState
from app.scenes.step_values import cell_id, parse_cell
from core import losses
from core.expressions import evaluate
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from tests.app.scenes.closeups.looking import Looker, picture
from tests.core.networks import chain

TIMES, FEATURES, ROWS = 5, 2, 3
SIZES = ((704, 664), (660, 420), (300, 240))

LAYERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "LSTM": ("LSTM", {"units": 3}, {}),
    "LSTM, sequences": ("LSTM", {"units": 3, "return_sequences": True}, {}),
    "LSTM, relu": (
        "LSTM",
        {"units": 3, "activation": "relu", "recurrent_activation": "hard_sigmoid"},
        {},
    ),
    "LSTM, linear": (
        "LSTM",
        {"units": 3, "activation": "linear", "recurrent_activation": "linear"},
        {},
    ),
    "LSTM, softsign": ("LSTM", {"units": 3, "activation": "softsign"}, {}),
    "LSTM, stateful": ("LSTM", {"units": 3, "stateful": True}, {}),
    "LSTM, cut": ("LSTM", {"units": 3}, {"truncated_bptt_steps": 2}),
    "LSTM, backwards": ("LSTM", {"units": 3, "go_backwards": True}, {}),
    "GRU": ("GRU", {"units": 3}, {}),
    "GRU, reset before": ("GRU", {"units": 3, "reset_after": False}, {}),
    "GRU, sequences": ("GRU", {"units": 3, "return_sequences": True, "use_bias": False}, {}),
    "SimpleRNN": ("SimpleRNN", {"units": 3}, {}),
    "SimpleRNN, relu": (
        "SimpleRNN",
        {"units": 3, "activation": "relu", "return_sequences": True},
        {},
    ),
    "SimpleRNN, linear": ("SimpleRNN", {"units": 3, "activation": "linear"}, {}),
    "Bidirectional LSTM": (
        "Bidirectional",
        {"layer": {"class_name": "LSTM", "config": {"units": 2, "return_sequences": True}}},
        {},
    ),
    "Bidirectional GRU": (
        "Bidirectional",
        {"layer": {"class_name": "GRU", "config": {"units": 2}}},
        {},
    ),
    "Bidirectional SimpleRNN": (
        "Bidirectional",
        {"layer": {"class_name": "SimpleRNN", "config": {"units": 2}}, "merge_mode": "sum"},
        {},
    ),
}
#: What changes what is multiplied: the gates are found all the same, but the textbook's formula alone is not theirs.
DROPPED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "LSTM, dropout": ("LSTM", {"units": 3, "dropout": 0.3, "recurrent_dropout": 0.3}, {}),
    "GRU, dropout": ("GRU", {"units": 3, "recurrent_dropout": 0.3, "reset_after": False}, {}),
    "SimpleRNN, dropout": ("SimpleRNN", {"units": 3, "recurrent_dropout": 0.3}, {}),
}


@pytest.fixture(autouse=True, scope="module")
def application() -> None:
    app.create_application()


def run_of(kind: str, config: dict[str, Any], training: dict[str, Any], times: int = TIMES) -> Run:
    rng = np.random.default_rng(3)
    given = {"optimizer": {"kind": "SGD", "learning_rate": 0.05, "clipnorm": 0.1}, **training}
    how = Training(loss="mse", batch_size=ROWS, **given)
    network = chain((times, FEATURES), (kind, config), ("Flatten", {}), ("Dense", {"units": 1}))
    samples = prepare(
        rng.normal(size=(6, times, FEATURES)), rng.normal(size=(6, 1)), losses.get("mse"), 1
    )
    return Run(network, how, samples=samples)


def masked() -> Run:
    rng = np.random.default_rng(4)
    network = chain(
        (TIMES,),
        ("Embedding", {"input_dim": 6, "output_dim": 2, "mask_zero": True}),
        ("LSTM", {"units": 3, "return_sequences": True}),
        ("GRU", {"units": 2}),
        ("Dense", {"units": 1}),
    )
    x = rng.integers(0, 6, size=(7, TIMES))
    x[:, -2:] = 0
    how = Training(optimizer={"kind": "SGD"}, loss="mse", batch_size=ROWS)
    return Run(network, how, samples=prepare(x, rng.normal(size=(7, 1)), losses.get("mse"), 1))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def read(run: Run, name: str) -> np.ndarray:
    return run.program.tensor(name).astype(np.float64)


def by_hand(
    run: Run, layer: Unrolled, config: dict[str, Any], weights: dict[str, np.ndarray]
) -> None:
    """Walk through the sequence with Keras's formulas and compare every gate and state."""
    u = layer.units
    function = {
        "tanh": np.tanh,
        "relu": lambda x: np.maximum(x, 0),
        "linear": lambda x: x,
        "softsign": lambda x: x / (1 + np.abs(x)),
    }[config.get("activation", "tanh")]
    gate = {
        "sigmoid": sigmoid,
        "linear": lambda x: x,
        "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    }[config.get("recurrent_activation", "sigmoid")]
    x = read(run, layer.x)
    kernel, again = weights["kernel"], weights["recurrent_kernel"]
    bias = weights.get("bias", np.zeros(kernel.shape[1]))
    first = layer.steps[0]
    h = np.zeros((ROWS, u)) if first.h_before.endswith("start") else read(run, first.h_before)
    c = np.zeros((ROWS, u))
    if first.c_before and not first.c_before.endswith("start"):
        c = read(run, first.c_before)
    for step in layer.steps:
        found = {}
        xt = x[:, step.time] @ kernel
        if layer.kind == "LSTM":
            z = xt + h @ again + bias
            found["i"], found["f"] = gate(z[:, :u]), gate(z[:, u : 2 * u])
            found["g"], found["o"] = function(z[:, 2 * u : 3 * u]), gate(z[:, 3 * u :])
            c = found["f"] * c + found["i"] * found["g"]
            h = found["o"] * function(c)
            found["c"] = c
        elif layer.kind == "GRU":
            row = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
            xt, past = xt + row[0], h @ again + row[1]
            found["z"] = gate(xt[:, :u] + past[:, :u])
            found["r"] = gate(xt[:, u : 2 * u] + past[:, u : 2 * u])
            of_h = found["r"] * past[:, 2 * u :]
            if not config.get("reset_after", True):
                of_h = (found["r"] * h) @ again[:, 2 * u :]
            found["candidate"] = function(xt[:, 2 * u :] + of_h)
            h = found["z"] * h + (1 - found["z"]) * found["candidate"]
        else:
            h = function(xt + h @ again + bias)
        found["h"] = h
        for key, values in found.items():
            assert read(run, tensor_of(step, key)) == pytest.approx(values, rel=1e-4, abs=1e-5), (
                key,
                step.time,
            )


@pytest.mark.parametrize("name", LAYERS)
def test_gates_and_states_are_those_of_the_textbook(name: str) -> None:
    kind, config, training = LAYERS[name]
    run = run_of(kind, config, training)
    run.advance(1)
    start = run.step_start
    for layer in unrolled(Looker(run).program):
        # The step was computed with the weights it found.
        weights = {}
        for role in ("kernel", "recurrent_kernel", "bias"):
            t = run.program.tape.tensors.get(f"{layer.place}/{role}")
            if t is not None:
                weights[role] = (
                    start.memory[t.at : t.at + t.size].reshape(t.shape).astype(np.float64)
                )
        own = config.get("layer", {}).get("config", config)
        if config.get("stateful"):
            own = {**own}
            # What lasts was replaced at the end of the step: compare from the second time step on.
            continue
        by_hand(run, layer, own, weights)
    expected = 2 if kind == "Bidirectional" else 1
    assert len(unrolled(Looker(run).program)) == expected


@pytest.mark.parametrize("name", [*LAYERS, *DROPPED, "masked"])
def test_formulas_of_a_unit_give_the_engine_s_numbers(name: str) -> None:
    run = masked() if name == "masked" else run_of(*(LAYERS | DROPPED)[name])
    # In the second step a state that is kept is no longer 0.
    run.advance(2)
    looker = Looker(run)
    said = 0
    for line in looker.program.instructions:
        found = of_instruction(looker.program, line)
        if found is None:
            continue
        layer, time = found
        closeup = closeups.fitting(looker.subject(line.index))[0]
        assert closeup.name == "recurrent"
        shape = looker.program.tensors[line.writes[0]].shape
        subject = looker.subject(line.index, cell=tuple(n - 1 for n in shape), row=1)
        moment = looker.moment(closeup, subject)
        step = layer.steps[layer.at(time)]
        for what, expr, result in equations(subject, layer, step):
            values = values_of(expr, subject, moment)
            # Also of the states the batch began with, which were replaced at the end of the step.
            assert None not in values.values(), (line.title, what)
            value = evaluate(expr, lambda t, k, v=values: v[t, k])
            if result:
                unit = subject.cell[-1] % layer.units if subject.cell else 0
                shown = float(run.program.tensor(result)[1, unit])
                assert value == pytest.approx(shown, rel=1e-4, abs=1e-6), (line.title, what)
            said += 1
            if what.startswith("to c"):
                assert f"grad/{step.c_before}" in looker.program.tensors, (
                    "nothing goes beyond a window"
                )
    assert said or name in ("SimpleRNN, linear",)


def number_of(expr: Any, subject: Any, moment: Any) -> float:
    values = values_of(expr, subject, moment)
    return evaluate(expr, lambda tensor, at: values[tensor, at])


def test_the_two_ways_back_of_a_gru_are_all_of_its_gradient() -> None:
    run = run_of("GRU", {"units": 3}, {})
    run.advance(1)
    looker = Looker(run)
    told = 0
    for line in looker.program.instructions:
        found = of_instruction(looker.program, line)
        if found is None or line.phase != "backward":
            continue
        layer, time = found
        subject = looker.subject(line.index, cell=(1,), row=1)
        moment = looker.moment(closeups.fitting(subject)[0], subject)
        step = layer.steps[layer.at(time)]
        lines = [one for one in equations(subject, layer, step) if one[0].startswith("to h")]
        if not lines:
            assert layer.at(time) == 0
            continue
        assert [what[-1] for what, _, _ in lines] == ["u", "U"]
        ways = [number_of(expr, subject, moment) for _, expr, _ in lines]
        whole = float(run.program.tensor(f"grad/{step.h_before}")[1, subject.cell[-1] % 3])
        assert sum(ways) == pytest.approx(whole, rel=1e-4, abs=1e-7)
        told += 1
    assert told


def test_a_padded_step_says_that_the_state_is_kept() -> None:
    run = masked()
    run.advance(1)
    looker = Looker(run)
    carries = [line for line in looker.program.instructions if line.op == "carry"]
    kept = 0
    for line in carries:
        layer, time = of_instruction(looker.program, line)
        subject = looker.subject(line.index, cell=(1,), row=1)
        moment = looker.moment(closeups.fitting(subject)[0], subject)
        what, expr, result = equations(subject, layer, layer.steps[layer.at(time)])[-1]
        assert what == f"{'c' if '/c/' in line.writes[0] else 'h'}⟨{time + 1}⟩"
        assert result == line.writes[0]
        value = number_of(expr, subject, moment)
        tensor = run.program.tensor
        assert value == pytest.approx(float(tensor(result)[1, 1]), rel=1e-5, abs=1e-7)
        kept += value == float(tensor(line.operands["old"])[1, 1]) != 0.0
    assert kept, "two steps at the end are padding"


@pytest.mark.parametrize("name", [*LAYERS, *DROPPED, "masked"])
def test_every_instruction_of_a_time_step_has_a_place(name: str) -> None:
    run = masked() if name == "masked" else run_of(*(LAYERS | DROPPED)[name])
    run.advance(1)
    looker = Looker(run)
    seen = set()
    for line in looker.program.instructions:
        found = of_instruction(looker.program, line)
        if found is None:
            continue
        subject = looker.subject(line.index)
        closeup = closeups.fitting(subject)[0]
        place = closeup.layout(subject, (704.0, 664.0), ViewState())
        names = (*line.writes, *line.operands.values())
        assert lit(place, names), f"{line.title}: {line.op} of {line.writes} is nowhere"
        seen |= {(band, time) for band, time in lit(place, line.writes) if line.phase == "forward"}
    for layer in unrolled(looker.program):
        for step in layer.steps:
            assert ("h", step.time) in seen


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN", "Bidirectional LSTM"])
def test_the_gradient_s_way_back_appears_as_it_is_gone(name: str) -> None:
    run = run_of(*LAYERS[name])
    run.advance(1)
    looker = Looker(run)
    lines = [i for i in looker.program.instructions if of_instruction(looker.program, i)]
    counts = []
    while run.pc < len(looker.program.instructions) - 1:
        run.step()
        line = looker.program.instructions[run.pc - 1]
        if line not in lines:
            continue
        layer, time = of_instruction(looker.program, line)
        subject = looker.subject(line.index, row=1)
        closeup = closeups.fitting(subject)[0]
        moment = looker.moment(closeup, subject)
        place = closeup.layout(subject, (704.0, 664.0), ViewState())
        found = sizes(place, subject, moment, "h", time)
        if line.phase == "forward":
            assert found == {}
            continue
        counts.append(len(found))
        for t, value in found.items():
            gradient = read(run, f"grad/{layer.steps[layer.at(t)].h}")[1]
            assert value == pytest.approx(float(np.linalg.norm(gradient)), rel=1e-6)
    assert max(counts) == TIMES
    assert counts[0] < TIMES


@pytest.mark.parametrize(
    "name",
    ["LSTM, sequences", "LSTM, cut", "GRU", "SimpleRNN, linear", "Bidirectional GRU", "masked"],
)
@pytest.mark.parametrize("ended", [False, True], ids=["inside", "after"])
def test_it_is_painted_inside_its_rectangle(
    name: str, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = masked() if name == "masked" else run_of(*LAYERS[name])
    run.advance(1)
    looker = Looker(run)
    lines = [i for i in looker.program.instructions if of_instruction(looker.program, i)]
    written: list[tuple[float, float, str]] = []
    real = draw.text

    def noted(
        painter: QPainter, x: float, y: float, string: str, px: float, color: object, **more: object
    ) -> float:
        written.append((x, y, string))
        return real(painter, x, y, string, px, color, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(draw, "text", noted)
    middle = lines[len(lines) // 2].index
    while not ended and run.pc <= middle:
        run.step()
    for line in lines[:: max(1, len(lines) // 6)]:
        subject = looker.subject(line.index)
        closeup = closeups.fitting(subject)[0]
        moment = looker.moment(closeup, subject)
        for size in SIZES:
            for theme in ("dark", "light"):
                written.clear()
                picture(closeup, subject, moment, size, theme)
                assert len(written) > 4
                for x, y, string in written:
                    assert 0 <= x <= size[0], (size, string)
                    assert 0 < y <= size[1] + 4, (size, string)


def test_a_long_sequence_shows_the_steps_around() -> None:
    run = run_of("GRU", {"units": 2}, {}, times=40)
    run.advance(1)
    looker = Looker(run)
    for time in (0, 7, 20, 39):
        line = next(i for i in looker.program.instructions if f"gru_1/h/{time}" in i.writes)
        subject = looker.subject(line.index)
        closeup = closeups.fitting(subject)[0]
        moment = looker.moment(closeup, subject)
        for size in SIZES:
            place = closeup.layout(subject, (float(size[0]), float(size[1])), ViewState())
            assert place.column(time) is not None
            assert len(place.columns) < 40
            for band in place.bands:
                for grid in band.grids:
                    assert grid.tensor in moment.arrays, (
                        f"{grid.tensor} is shown, but was not asked for"
                    )
        assert len(sizes(place, subject, moment, "h", time)) == 40


def test_a_click_chooses_the_number_and_tells_what_it_is() -> None:
    run = run_of(*LAYERS["LSTM"])
    run.advance(1)
    looker = Looker(run)
    for phase, prefix in (("forward", ""), ("backward", "grad/")):
        name = f"{prefix}lstm_1/c/2"
        line = next(i for i in looker.program.instructions if name in i.writes)
        subject = looker.subject(line.index)
        assert subject.instruction.phase == phase
        closeup = closeups.fitting(subject)[0]
        place = closeup.layout(subject, (704.0, 664.0), ViewState())
        moment = looker.moment(closeup, subject)
        for grid in place.hits.grids:
            x, y, w, h = grid.rect
            hit = place.hits.at(x + w / 2, y + h - 1)
            assert hit is not None
            tensor, index = parse_cell(hit.id)
            assert tensor == grid.tensor
            assert tensor in looker.program.tensors
            assert len(index) == len(looker.program.tensors[tensor].shape)
            assert len(closeup.describe(place, hit, subject, moment)) >= 3
        hit = place.hits.get(cell_id(f"{prefix}lstm_1/f/1", (2,)))
        lines = closeup.describe(place, hit, subject, moment)
        value = float(run.program.tensor("lstm_1/f/1")[0, 2])
        assert lines[0] == "Forget gate, time step 2, unit 3"
        assert lines[1] == f"f = {value:.6f}"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, 0.0])
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_numbers_that_broke_are_painted_all_the_same(kind: str, value: float) -> None:
    for way in ("clipnorm", "clipvalue", "global_clipnorm"):
        how = {"optimizer": {"kind": "Adam", "learning_rate": 0.05, way: 0.1}}
        run = run_of(kind, {"units": 3}, how)
        run.advance(1)
        run.program.tensor(f"{unrolled(Looker(run).program)[0].place}/kernel")[...] = value
        try:
            while run.pc < len(run.program.instructions) - 1:
                run.step()
        except core.errors.DivergedError:
            pass
        looker = Looker(run)
        shown = [
            i for i in looker.program.instructions if i.phase in ("forward", "backward", "update")
        ]
        for line in shown[:: max(1, len(shown) // 25)]:
            subject = looker.subject(line.index)
            found = [
                c
                for c in closeups.fitting(subject)
                if c.name in ("recurrent", "update", "clipping")
            ]
            for closeup in found[:1]:
                moment = looker.moment(closeup, subject)
                assert not picture(closeup, subject, moment, SIZES[0]).isNull()
                assert not picture(closeup, subject, moment, SIZES[1], "light").isNull()


def test_a_state_that_is_kept_is_shown_as_the_batch_found_it() -> None:
    run = run_of(*LAYERS["LSTM, stateful"])
    run.advance(1)
    (own,) = unrolled(Looker(run).program)
    left = {key: run.program.tensor(f"{own.place}/state/{key}").copy() for key in ("c", "h")}
    run.advance(1)
    looker = Looker(run)
    line = next(one for one in looker.program.instructions if of_instruction(looker.program, one))
    subject = looker.subject(line.index, row=1)
    closeup = closeups.fitting(subject)[0]
    moment = looker.moment(closeup, subject)
    place = closeup.layout(subject, (760.0, 600.0), ViewState())
    assert [grid.tensor.rpartition("/")[2] for grid in place.kept] == ["c", "h"]
    for grid in place.kept:
        key = grid.tensor.rpartition("/")[2]
        assert np.abs(left[key]).max() > 0
        np.testing.assert_array_equal(moment.read(subject, grid.tensor), left[key])
        assert grid.rect[0] + grid.rect[2] < place.columns[0].x
        unit = grid.rect[3] / grid.rows
        hit = place.hits.at(grid.rect[0] + 5, grid.rect[1] + 1.5 * unit)
        assert hit.node == grid.tensor
        words = closeup.describe(place, hit, subject, moment)
        assert format_number(float(left[key][1, 1]), 6) in words[1]
    assert not picture(closeup, subject, moment, (760, 600)).isNull()
    other = run_of(*LAYERS["LSTM"])
    other.advance(1)
    found = Looker(other)
    line = next(one for one in found.program.instructions if of_instruction(found.program, one))
    assert not closeup.layout(found.subject(line.index), (760.0, 600.0), ViewState()).kept
