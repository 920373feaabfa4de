"""Close-ups made of panels: every number is the engine's, every cell is where it is painted."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

import app
from app.engine.questions import answering
from app.scenes import closeups
from app.scenes.closeups import activation, arrangement, board, heat, normalization
from app.scenes.closeups.arrangement import arrange
from app.scenes.frame import ViewState
from app.traces import Origin
from core import losses
from core.activations import registry
from core.expressions import evaluate, references
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from tests.app.scenes.closeups.looking import Looker, picture
from tests.core.networks import chain

SIZES = ((704, 664), (640, 420), (300, 240))


@pytest.fixture(autouse=True, scope="module")
def application() -> None:
    app.create_application()


def run_of(
    shape: tuple[int, ...], *layers: object, loss: str = "mse", outputs: int = 2, tokens: int = 0
) -> Run:
    rng = np.random.default_rng(1)
    training = Training(optimizer={"kind": "Adam", "learning_rate": 0.01}, loss=loss, batch_size=4)
    x = rng.integers(0, tokens, (9, *shape)) if tokens else rng.normal(size=(9, *shape))
    y = rng.integers(0, outputs, 9) if loss.startswith("sparse") else rng.normal(size=(9, outputs))
    return Run(chain(shape, *layers), training, samples=prepare(x, y, losses.get(loss), outputs))


NETWORKS = {
    "dense": lambda: run_of((3,), ("Dense", {"units": 5, "activation": "tanh"}), ("Dense", {"units": 2})),
    "normalised": lambda: run_of(
        (3,), ("Dense", {"units": 4}), ("BatchNormalization", {}), ("ReLU", {}), ("Dropout", {"rate": 0.4}),
        ("LayerNormalization", {}), ("Dense", {"units": 3, "activation": "softmax"}),
        loss="sparse_categorical_crossentropy", outputs=3,
    ),
    "images": lambda: run_of(
        (6, 6, 2), ("Conv2D", {"filters": 3, "kernel_size": (3, 3)}), ("BatchNormalization", {}),
        ("MaxPooling2D", {"pool_size": (2, 2)}), ("Flatten", {}), ("Dense", {"units": 2}),
    ),
    "tokens": lambda: run_of(
        (4,), ("Embedding", {"input_dim": 6, "output_dim": 3}), ("Flatten", {}), ("Dense", {"units": 2}), tokens=6
    ),
    "sequence": lambda: run_of((4, 3), ("SimpleRNN", {"units": 3}), ("Dense", {"units": 2})),
}  # fmt: skip


def origin_of(run: Run, index: int, tensor: str, cell: tuple[int, ...]) -> Origin:
    found = answering("origin")(
        SimpleNamespace(shown=run), instruction=index, cell=cell, output=tensor
    )
    assert isinstance(found, Origin)
    return found


@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("shape", [(), (3,), (40,), (300,), (3, 4), (2, 3, 4), (2, 3, 4, 5)])
def test_every_cell_of_an_arrangement_has_one_place(shape, rows, columns):
    a = arrange(shape, rows, columns)
    array = np.arange(math.prod(a.shape), dtype=np.float32).reshape(a.shape)
    spread = a.spread(array)
    assert spread.shape == (a.tiles, a.height, a.width)
    assert sorted(spread[np.isfinite(spread)].tolist()) == array.ravel().tolist()
    for index in np.ndindex(*a.shape):
        tile, i, j = a.place(index)
        assert a.index(tile, i, j) == index
        assert spread[tile, i, j] == array[index]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rows", ["sample", "batch"])
def test_every_cell_that_is_painted_is_the_engine_s_number(name, rows):
    run = NETWORKS[name]()
    looker = Looker(run)
    run.advance(1)
    for index, line in enumerate(looker.program.instructions):
        run.step("instruction")
        subject = looker.subject(index, row=1)
        for closeup in closeups.fitting(subject):
            view = ViewState(options=(("rows", rows),))
            moment = looker.moment(closeup, subject)
            place = closeup.layout(subject, (704.0, 664.0), view)
            for panel in getattr(place, "panels", ()):
                array = board.array_of(subject, panel, moment)
                tensor = panel.tensor
                there = run.program.tensor(tensor)
                if not panel.slot.result and run.program.tensors[tensor].role in (
                    "weight",
                    "slot",
                    "statistic",
                ):
                    there = moment.before[tensor]
                assert array is not None, f"{line.title}: {tensor} is not shown"
                if panel.slot.row is not None:
                    there = there[panel.slot.row]
                assert array.shape == panel.slot.arrangement.shape
                np.testing.assert_array_equal(array, there, err_msg=f"{line.title}: {tensor}")
                x, y, *_ = panel.rect
                for at in (
                    (x + 1, y + 1),
                    (x + panel.tile_size[0] - 1, y + panel.tile_size[1] / 2),
                ):
                    hit = panel.hit(*at)
                    if hit is None:
                        continue
                    assert (
                        place.hits.at(hit.rect[0] + hit.rect[2] / 2, hit.rect[1] + hit.rect[3] / 2)
                        == hit
                    )
                    shown = moment.value(subject, tensor, hit.index, made=panel.slot.result)
                    assert shown == array[panel.own(hit.index)], f"{line.title}: {hit}"
        if run.pc == 0:
            break


@pytest.mark.parametrize("name", NETWORKS)
def test_what_made_a_number_adds_up_to_it(name):
    run = NETWORKS[name]()
    looker = Looker(run)
    run.advance(2)
    rng = np.random.default_rng(0)
    for index, line in enumerate(looker.program.instructions):
        run.step("instruction")
        for tensor in line.writes:
            full = run.program.tensor(tensor).shape
            cell = tuple(int(rng.integers(n)) for n in full)
            found = origin_of(run, index, tensor, cell)
            assert found.kernel_value == run.program.tensor(tensor)[cell]
            if not np.isfinite(found.value):
                continue
            assert found.value == pytest.approx(found.kernel_value, rel=2e-4, abs=2e-6), line.title
            if found.frame is not None:
                assert found.count >= 3
                assert math.fsum(t.value for t in found.terms) + found.rest == pytest.approx(
                    found.total
                )
                whole = evaluate(
                    found.frame, lambda t, at, found=found: found.numbers[t, tuple(at)]
                )
                assert whole == pytest.approx(found.value, rel=1e-6, abs=1e-9), line.title
            for term in found.terms:
                for ref in references(term.expression):
                    assert (ref.tensor, tuple(ref.index)) in found.numbers
            for operand, cells in found.sources.items():
                assert operand in line.operands.values() or operand == tensor
                assert (cells < np.asarray(run.program.tensor(operand).shape)).all()
        if run.pc == 0:
            break


@pytest.mark.parametrize("name", NETWORKS)
def test_where_a_number_goes_is_where_it_is_read(name):
    run = NETWORKS[name]()
    run.advance(1)
    program, rng = run.program, np.random.default_rng(0)
    for index, line in enumerate(program.instructions):
        tensor = line.writes[0]
        cell = tuple(int(rng.integers(n)) for n in program.tensor(tensor).shape)
        found = answering("destinations")(
            SimpleNamespace(shown=run), tensor=tensor, cell=cell, after=index
        )
        readers = {one.instruction for one in found}
        for one in found:
            assert one.next_step == (one.instruction <= index)
            assert one.count == len(one.cells)
            operand = program.instructions[one.instruction].operands[one.role]
            made = tuple(int(k) for k in one.cells[0])
            expression = program.expression(one.instruction, made)
            if operand == tensor:
                assert any(
                    r.tensor == tensor and tuple(r.index) == cell for r in references(expression)
                ), f"{line.title} into {program.instructions[one.instruction].title}"
        named = {i.index for i in program.instructions if tensor in i.operands.values()}
        drawn = {
            i.index for i in program.instructions if i.op.endswith("_mask") or "like" in i.operands
        }
        if len(cell) <= 2 and line.phase in ("forward", "backward"):
            # A window need not reach every place of a picture; of a list everything is read.
            assert named - drawn <= readers, line.title


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_instruction_is_painted_before_and_after_it_runs(name, theme):
    run = NETWORKS[name]()
    looker = Looker(run)
    run.advance(1)
    for index in range(len(looker.program.instructions)):
        subject = looker.subject(index)
        for size in SIZES:
            closeup = closeups.fitting(subject)[0]
            picture(closeup, subject, looker.moment(closeup, subject), size, theme)
        run.step("instruction")
        closeup = closeups.fitting(subject)[0]
        origin = origin_of(run, index, subject.tensor, subject.full)
        for size in SIZES:
            for clock in (0.2, math.inf):
                moment = looker.moment(closeup, subject, origin=origin, clock=clock)
                image = picture(closeup, subject, moment, size, theme)
                assert not image.isNull()


def test_a_cell_s_number_keeps_its_size_in_the_room_there_is():
    assert heat.number(0.0797, 56, 11.5) == "+0.0797"
    assert heat.number(-0.0797, 38, 10) == "−0.080"[:6] or heat.number(-0.0797, 38, 10) == "−0.08"
    assert heat.number(12345.678, 38, 10) == "+12346"
    assert heat.number(3.0, 38, 10) == "3"
    for value in (1e-7, -3.2e9, 0.5, -0.04, 99.95, float("nan"), float("inf")):
        for width, _, px in ((38.0, 18.0, 10.0), (56.0, 28.0, 11.5)):
            assert len(heat.number(value, width, px)) <= width / (0.6 * px) + 1
    assert arrangement.LINE == 16


ACTIVATIONS = [
    name for name in registry.names() if name not in ("linear", "softmax", "log_softmax")
]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_curve_of_an_activation_goes_through_the_engine_s_points(name):
    run = run_of((3,), ("Dense", {"units": 6, "activation": name}), ("Dense", {"units": 2}))
    looker = Looker(run)
    run.advance(1)
    closeup = next(one for one in closeups.closeups() if one.name == "activation")
    seen = 0
    for index, line in enumerate(looker.program.instructions):
        run.step("instruction")
        subject = looker.subject(index, cell=(2,) if line.op.startswith(name) else None)
        if not closeup.fits(subject):
            continue
        seen += 1
        x, y = activation.forward_of(subject)
        curve = activation.values(name, run.program.tensor(x), line.attributes)
        np.testing.assert_allclose(curve, run.program.tensor(y), rtol=2e-6, atol=2e-6)
        if line.phase == "backward":
            origin = origin_of(run, index, subject.tensor, subject.full)
            slope = activation.slope_of(origin.expression, origin.numbers)
            at = run.program.tensor(x)[subject.full].astype(float)
            above, below = (
                float(activation.values(name, at + step, line.attributes)) for step in (1e-5, -1e-5)
            )
            dy = float(run.program.tensor(line.operands["dy"])[subject.full])
            assert slope is not None
            assert slope * dy == pytest.approx(origin.kernel_value, rel=1e-4, abs=1e-8)
            assert slope == pytest.approx((above - below) / 2e-5, rel=1e-3, abs=1e-4)
    # A step has no slope; that of exp is its own value, and the error is multiplied by it.
    assert seen == (1 if name in ("binary_step", "exponential") else 2)


def test_the_ways_of_an_instruction_have_a_close_up_of_their_own():
    seen = {}
    for name in NETWORKS:
        run = NETWORKS[name]()
        looker = Looker(run)
        for index, line in enumerate(looker.program.instructions):
            seen.setdefault(line.op, closeups.fitting(looker.subject(index))[0].name)
    expected = {
        "matmul": "product", "matmul_weight_grad": "product", "matmul_input_grad": "product", "tanh": "activation",
        "tanh_grad": "activation", "softmax": "softmax", "sparse_cross_entropy_rows": "loss", "squared_rows": "loss",
        "softmax_cross_entropy_grad": "loss", "channel_mean": "normalization", "channel_variance": "normalization",
        "normalize": "normalization", "normalize_grad": "normalization", "moving_average": "normalization",
        "row_mean": "normalization", "row_normalize_grad": "normalization", "dropout_mask": "dropout",
        "multiply": "dropout", "embed": "embedding", "embed_grad": "embedding",
    }  # fmt: skip
    assert {op: seen.get(op) for op in expected} == expected


def test_a_channel_s_numbers_are_those_the_statistics_are_made_of():
    run = NETWORKS["images"]()
    looker = Looker(run)
    for index, line in enumerate(looker.program.instructions):
        run.step("instruction")
        if line.op not in ("channel_mean", "channel_variance"):
            continue
        subject = looker.subject(index, cell=(2,), row=1)
        x = run.program.tensor(line.operands["x"])
        numbers, own = normalization.chosen(subject, line.operands["x"], x, by_row=False)
        assert own < numbers.size
        value = (
            numbers.astype(float).mean()
            if line.op == "channel_mean"
            else numbers.astype(float).var()
        )
        assert value == pytest.approx(float(run.program.tensor(line.writes[0])[2]), rel=1e-4)


def test_a_moving_statistic_says_what_it_was_and_what_it_becomes():
    run = NETWORKS["normalised"]()
    looker = Looker(run)
    run.advance(1)
    closeup = next(one for one in closeups.closeups() if one.name == "normalization")
    seen = 0
    for index, line in enumerate(looker.program.instructions):
        before = run.program.tensor(line.writes[0]).copy()
        run.step("instruction")
        if line.op != "moving_average":
            continue
        seen += 1
        subject = looker.subject(index, cell=(2,))
        old, new, batch = normalization._moving(subject, looker.moment(closeup, subject))
        assert (old, new) == (float(before[2]), float(run.program.tensor(line.writes[0])[2]))
        assert batch == float(run.program.tensor(line.operands["x"])[2])
        keep = line.attributes["momentum"]
        assert new == pytest.approx(keep * old + (1 - keep) * batch, rel=1e-5, abs=1e-7)
    assert seen == 2
