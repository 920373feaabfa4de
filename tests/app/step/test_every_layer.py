"""Every layer type walked in a real window, forward and back: each number shown beside a second engine's.

A network around each registered layer is opened in the window, on a data set that exists for this test only. The
window's engine is stepped with the transport; another run of the same work is stepped here, and whatever the drawing,
the close-up, the tape and the formula show has to be what stands in that one's arena.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from app import theme as themes
from app.document import State
from app.engine.state import Work
from app.engine.tree import run_of
from app.scenes import draw
from app.scenes.step import SCENE
from app.scenes.step_values import parse_cell
from app.step.closeup import CloseupStage
from app.step.stage import StepStage
from app.step.workspace import StepWorkspace
from app.window.main import MainWindow
from core.data import registry as data_registry
from core.data.types import DataInfo, Source
from core.io import DataRef
from core.ops.base import operation
from core.runs import Run
from core.spec import Network, Training
from tests.app.step.painted import Written, recorded, shows
from tests.app.window.windows import action, open_window
from tests.core.subjects import TOKENS, layer_subjects

_PATIENCE = 20_000
_SAMPLES, _BATCH = 5, 2


def _networks() -> dict[str, Network]:
    """One network for each layer type: the layer with its smallest settings, one number at the end."""
    found: dict[str, Network] = {}
    for subject in layer_subjects():
        network = subject.network
        if subject.wide or subject.kind in found or len(network.outputs) != 1:
            continue
        last = network.outputs[0]
        layers = tuple(
            replace(one, config={**one.config, "units": 1}) if one.kind == "Dense" and one.id == last else one
            for one in network.layers
        )  # fmt: skip
        if not any(one.id == last and one.kind == "Dense" for one in layers):
            continue
        found[subject.kind] = replace(network, layers=layers)
    return found


NETWORKS = _networks()


def _source(shape: tuple[int, ...], tokens: bool) -> Source:
    def make() -> Any:
        rng = np.random.default_rng(4)
        x = rng.normal(size=(2 * _SAMPLES, *shape)).astype(np.float32)
        if tokens:
            x = rng.integers(1, TOKENS, x.shape).astype(np.float32)
        y = rng.normal(size=(2 * _SAMPLES, 1)).astype(np.float32)
        return x[:_SAMPLES], y[:_SAMPLES], x[_SAMPLES:], y[_SAMPLES:]

    words = "x".join(map(str, shape))
    info = DataInfo(
        f"walk-{'tokens' if tokens else words}", 1, "For a test", "Random numbers.", shape, (), "regression",
        "image" if len(shape) == 3 else "table", "none", "made here",
        features=tuple(f"x{k}" for k in range(shape[0])) if len(shape) == 1 else (), output_shape=(1,),
    )  # fmt: skip
    return Source(info, make)


def _work(kind: str) -> Work:
    network = NETWORKS[kind]
    shape = tuple(
        next(one for one in network.layers if one.kind in ("Input", "InputLayer")).config["shape"]
    )
    source = _source(shape, any("input_dim" in one.config for one in network.layers))
    data_registry._sources().setdefault(source.info.id, source)
    training = Training(optimizer={"kind": "Adam"}, loss="mean_squared_error", batch_size=_BATCH)
    return Work(network, training, source.info.id, {})


@pytest.fixture(scope="module", autouse=True)
def _known_data() -> Iterator[None]:
    before = dict(data_registry._sources())
    yield
    known = data_registry._sources()
    for name in set(known) - set(before):
        del known[name]


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")
    with open_window(qtbot, engine=True) as opened:
        action(opened, "workspace-step").trigger()
        yield opened


class Walk:
    """The window's Step view beside a run that is stepped here."""

    def __init__(self, qtbot: QtBot, window: MainWindow, work: Work, monkeypatch: Any) -> None:
        self.qtbot, self.window, self.patch = qtbot, window, monkeypatch
        view = window.findChild(StepWorkspace, "step-workspace")
        assert view is not None
        self.view, self.session = view, view.session
        context = window.context
        qtbot.waitUntil(lambda: context.attached, timeout=_PATIENCE)
        self.run: Run = run_of(work)
        titles = [line.title for line in self.run.program.instructions]
        state = State(work.network.name, work.network, work.training, DataRef(work.data, {}))
        context.document.open_state(state)
        assert not context.document.inspection.problems, context.document.inspection.problems
        context.engine.open_document(None)

        def opened() -> bool:
            program = self.session.program
            return program is not None and [i.title for i in program.instructions] == titles

        qtbot.waitUntil(opened, timeout=_PATIENCE)
        context.bus.do("run.granularity", value="instruction")
        self.compared = 0
        self.inputs: dict[str, np.ndarray] = {}

    # -- going

    def press(self, name: str) -> None:
        """Click Step or Back and wait until the window shows it."""
        session, before = self.session, self.session.snapshot.position
        self.qtbot.waitUntil(lambda: action(self.window, name).isEnabled(), timeout=_PATIENCE)
        action(self.window, name).trigger()
        self.qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)

    def forward(self) -> None:
        """One instruction in both; what it reads is kept, because an update overwrites it."""
        program, pc = self.run.program, self.run.position.pc
        line = program.instructions[pc]
        self.inputs = {
            name: np.array(program.tensor(name)) for name in (*line.operands.values(), *line.writes)
        }
        self.run.step("instruction")
        self.press("transport-step")

    def whole_step(self) -> None:
        """One step of training in both."""
        session, before = self.session, self.session.snapshot.position
        self.run.step("batch")
        self.qtbot.waitUntil(
            lambda: action(self.window, "transport-step").isEnabled(), timeout=_PATIENCE
        )
        self.window.context.bus.do("run.step", granularity="batch")
        self.qtbot.waitUntil(
            lambda: session.snapshot.position.step > before.step, timeout=_PATIENCE
        )

    def state(self) -> dict[str, bytes]:
        """Every value of the program, as its bits."""
        program = self.run.program
        return {name: program.tensor(name).tobytes() for name in program.tensors}

    def same(self) -> None:
        """What the window holds of this moment are the bits that stand here."""
        snapshot, program = self.session.snapshot, self.run.program
        assert snapshot.position == self.run.position
        for name, array in snapshot.values.items():
            if name in program.tensors and self.session.reader.state(name) == "fresh":
                here = np.asarray(program.tensor(name))
                if array.ndim < here.ndim:
                    here = here[self.session.row]
                assert array.tobytes() == here[: len(array)].tobytes() if here.ndim else True, name

    # -- comparing

    def value(self, tensor: str, index: tuple[int, ...], *, row: int | None = None) -> float | None:
        """What stands in the arena here; `row` is given where the index does not name the sample."""
        info = self.run.program.tensors.get(tensor)
        if info is None:
            return None
        array = self.run.program.tensor(tensor)
        full = (row, *index) if info.batch and row is not None else index
        found = np.asarray(array[full])
        # A drawing may have one place for a whole tensor: it shows no number of more than one.
        return float(found.ravel()[0]) if found.size == 1 else None

    def check(self, where: str, rect: QRectF, written: list[Written], tensor: str,
              index: tuple[int, ...]) -> None:  # fmt: skip
        """The numbers in a rectangle: one of them is the cell's value."""
        inside = [w for w in written if w.inside(rect) and w.number is not None]
        if not inside:
            return
        value = self.value(tensor, index, row=self.session.row)
        if value is None:
            return
        lasting = self.inputs.get(tensor)
        values = [value]
        if lasting is not None and not self.run.program.tensors[tensor].batch:
            # A close-up of an update may show what it found as well as what it made.
            values.append(float(lasting[index]))
        good = any(shows(w.string, v) for w in inside for v in values)
        assert good, f"{where}: {tensor}{index} is {value}, shown {[w.string for w in inside]}"
        self.compared += 1

    def look(self) -> None:
        """Compare everything the window shows of this moment."""
        session = self.session
        done = session.done
        assert done is not None
        line = self.run.program.instructions[done]
        assert session.program.instructions[done].title == line.title
        for choice in ("network", "closeup"):
            self.window.context.bus.do("step.view", value=choice)
            widget = self.view._stack.currentWidget()
            with recorded(self.patch) as written:
                if isinstance(widget, StepStage):
                    # The widget paints only what has changed since.
                    self.drawing(widget)
                else:
                    widget.grab()
            place = widget.place
            hits = place.hits.items if place is not None else ()
            for hit in hits:
                cell = parse_cell(hit.id)
                if cell is not None:
                    rect = QRectF(*hit.rect)
                    # In a small window the box of a weight may lie over a corner of a node.
                    own = [w for w in written if place.hits.at(w.x, w.y) in (hit, None)]
                    self.check(f"{choice}, {done + 1} {line.op}", rect, own, *cell)
        self.formula(line)

    def drawing(self, stage: StepStage) -> None:
        """Paint all of the network."""
        image = draw.canvas(stage.width(), stage.height(), 1.0, None)
        with draw.painting(image, (stage.width(), stage.height())) as painter:
            SCENE.paint(painter, stage.place, themes.current(), self.session.frame())

    def formula(self, line: Any) -> None:
        """The formula's numbers are what the instruction read, its result is what it wrote."""
        if line.phase == "data":
            return
        session, view = self.session, self.view

        def there() -> bool:
            card = view.sheet.card
            return (
                card.instruction is not None
                and card.instruction.index == line.index
                and card.expression is not None
                and card.result is not None
                and all(value is not None for value in card.values.values())
            )

        self.qtbot.waitUntil(there, timeout=20_000)
        card = view.sheet.card
        for (tensor, index), shown in card.values.items():
            read = self.inputs.get(tensor)
            want = float(read[index]) if read is not None else self.value(tensor, index)
            if want is None:
                continue
            if operation(line.op).random and tensor in line.writes:
                want = self.value(
                    tensor, index
                )  # what is drawn has no formula: its own number stands for it
                assert want is not None
            if line.op == "accumulate" and tensor in line.writes:
                continue  # an epoch's first sum begins with nothing: what stood there before does not count
            same = (
                shown == want
                or math.isclose(shown, want, rel_tol=1e-6)
                or (shown != shown and want != want)
            )
            assert same, (
                f"{line.index + 1} {line.op}: {tensor}{index} is {want}, the formula says {shown}"
            )
            self.compared += 1
        assert card.subject is not None
        want = self.value(card.subject.tensor, tuple(card.subject.index))
        assert want is not None
        assert card.result == pytest.approx(want, rel=1e-6, abs=0, nan_ok=True), line.op
        self.compared += 1
        assert session.cell is not None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_every_number_of_every_layer_is_the_engines(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    walk = Walk(qtbot, window, _work(kind), monkeypatch)
    count = len(walk.run.program.instructions)
    states = [walk.state()]
    for _ in range(count):
        walk.forward()
        walk.look()
        states.append(walk.state())
    assert isinstance(walk.view._stack.currentWidget(), CloseupStage)
    assert walk.compared > count
    # Back again: every moment is the one it was, to the bit, in the run here and in what the window shows.
    for place in range(count - 1, -1, -1):
        walk.run.step_back("instruction")
        walk.press("transport-step-back")
        assert walk.state() == states[place], f"back before {place + 1}"
        walk.same()
