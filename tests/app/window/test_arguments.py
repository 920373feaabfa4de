"""What commands do with arguments that make no sense: all commands of a window, with the real engine behind it."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator
from random import Random
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pytestqt.qtbot import QtBot

from app.bus import CommandError
from app.step.workspace import StepWorkspace
from app.window.main import MainWindow
from tests.app.window.windows import action, open_window

_PATIENCE = 20_000
HUGE = 10**9

#: What each command takes, once: what is wrong is put in the place of one of these.
GOOD: dict[str, dict[str, Any]] = {
    "advice.dismiss": {"layer": "dense_1", "title": "x"},
    "advice.follow": {"layer": "dense_1", "title": "x"},
    "data.choose": {"id": "moons"},
    "layer.add": {"kind": "Dense", "index": 1},
    "layer.configure": {"layer": "dense_1"},
    "layer.duplicate": {"layer": "dense_1"},
    "layer.fix": {"layer": "dense_1"},
    "layer.move": {"layer": "dense_1", "index": 1},
    "layer.remove": {"layer": "dense_1"},
    "layer.rename": {"layer": "dense_1", "name": "first"},
    "lesson.answer": {"task": "x", "value": 1.0},
    "lesson.open": {"id": "chain-rule-by-hand"},
    "project.open": {"path": "x"},
    "project.rename": {"name": "x"},
    "project.save": {"path": "x"},
    "run.back_to": {"instruction": 3},
    "run.branch": {"step": 0},
    "run.delete": {"run": "1"},
    "run.granularity": {"value": "instruction"},
    "run.rename": {"run": "1", "name": "x"},
    "run.seek": {"step": 0, "pc": 1},
    "run.set": {"name": "learning_rate", "value": 0.5},
    "run.speed": {"value": "max"},
    "run.step": {"granularity": "layer"},
    "run.step_back": {"granularity": "layer"},
    "run.switch": {"run": "1"},
    "run.to": {"instruction": 3},
    "run.undelete": {"run": "1"},
    "select.cell": {"tensor": "dense_1/kernel", "index": [0, 1]},
    "select.layer": {"layer": "dense_1"},
    "select.row": {"row": 0},
    "select.sample": {"index": 0},
    "step.add_breakpoint": {"kind": "instruction", "instruction": 3},
    "step.breakpoint": {"instruction": 3},
    "step.chain_jump": {"instruction": 3, "tensor": "dense_1/kernel", "index": [0, 1]},
    "step.chain_show": {"part": "all", "on": True},
    "step.chain_through": {"level": 0, "tensor": "dense_1/kernel", "index": [0, 1]},
    "step.chain_ways": {"level": 0},
    "step.change_breakpoint": {"number": 1, "enabled": False},
    "step.closeup": {"name": "scale", "value": "own"},
    "step.edit": {"tensor": "dense_1/kernel", "cells": [[0, 1]], "values": [0.5]},
    "step.follow": {"tensor": "dense_1/kernel", "index": [0, 1]},
    "step.inspect": {"instruction": 3},
    "step.notation": {"value": "rows"},
    "step.note": {"place": 0},
    "step.remove_breakpoint": {"number": 1},
    "step.story": {"weight": "dense_1/kernel", "cell": [0, 1]},
    "step.view": {"value": "network"},
    "step.walk": {"playing": False},
    "step.whatif_sample": {"data": "", "part": "train", "index": 0},
    "step.whatif_take_back": {"tensor": "dense_1/kernel", "cell": [0, 1]},
    "step.whatif_typed": {"inputs": [[0.0, 1.0]], "targets": [[1.0]]},
    "study.open": {"kind": "find-lr"},
    "study.use": {"values": {}},
    "template.open": {"name": "xor-mlp"},
    "training.configure": {},
    "view.reduced-motion": {"still": False},
    "view.theme": {"name": "dark"},
    "workspace.show": {"name": "step"},
}

_PLACES: tuple[dict[str, Any], ...] = (
    {"tensor": "nope", "index": [0, 1]},
    {"tensor": "dense_1/kernel", "index": [99, 99]},
    {"tensor": "dense_1/kernel", "index": [-1, -1]},
    {"tensor": "dense_1/kernel", "index": [0, 1, 0]},
)
_INSTRUCTIONS: tuple[dict[str, Any], ...] = ({"instruction": -7}, {"instruction": HUGE})

#: What is of the right type and does not exist or makes no sense, by command.
OUT_OF_RANGE: dict[str, tuple[dict[str, Any], ...]] = {
    "advice.dismiss": ({"layer": "nope"}, {"title": "nope"}),
    "advice.follow": ({"layer": "nope"}, {"title": "nope"}),
    "data.choose": ({"id": "nope"}, {"bogus": 1}, {"noise": "x"}, {"noise": -5}, {"noise": None}),
    "layer.add": (
        {"kind": "Nope"}, {"index": -1}, {"index": HUGE}, {"units": -3}, {"units": "x"}, {"bogus": 1},
        {"activation": 7}, {"units": None}, {"units": float("nan")},
    ),
    "layer.configure": (
        {"layer": "nope"}, {"units": 0}, {"units": "many"}, {"units": 1.5}, {"bogus": 1}, {"units": None},
        {"activation": "nope"}, {"activation": ["relu"]}, {"use_bias": 3}, {"kernel_initializer": 4},
        {"kernel_initializer": {"kind": "Nope"}}, {"trainable": "x"}, {"units": []}, {"units": {}},
    ),
    "layer.duplicate": ({"layer": "nope"},),
    "layer.fix": ({"layer": "nope"}, {"layer": "dense_1"}),
    "layer.move": ({"layer": "nope"}, {"index": -1}, {"index": HUGE}),
    "layer.remove": ({"layer": "nope"},),
    "layer.rename": ({"layer": "nope"}, {"name": "two words"}, {"name": ""}),
    "lesson.answer": ({"task": "nope"},),
    "lesson.open": ({"id": "nope"},),
    "project.open": ({"path": "/nowhere/nothing.chainrule"}, {"path": ""}),
    "project.rename": ({"name": "  "},),
    "run.back_to": _INSTRUCTIONS,
    "run.branch": ({"step": -1},),
    "run.delete": ({"run": "nope"},),
    "run.granularity": ({"value": "zzz"}, {"value": ""}),
    "run.rename": ({"run": "nope"},),
    "run.seek": ({"step": -1}, {"pc": -1}, {"pc": HUGE}),
    "run.set": ({"value": -1.0}, {"value": float("nan")}, {"value": float("inf")}),
    "run.speed": ({"value": "zzz"}, {"value": 0}, {"value": -1.0}, {"value": float("inf")}),
    "run.step": ({"granularity": "zzz"}, {"granularity": ""}),
    "run.step_back": ({"granularity": "zzz"}, {"granularity": ""}),
    "run.switch": ({"run": "nope"},),
    "run.to": _INSTRUCTIONS,
    "select.cell": _PLACES,
    "select.layer": ({"layer": "nope"},),
    "select.row": ({"row": -1}, {"row": HUGE}),
    "select.sample": ({"index": -1},),
    "step.add_breakpoint": (
        {"instruction": HUGE}, {"instruction": -7}, {"kind": "nope"}, {"foo": 1}, {"instruction": "x"},
        {"kind": "layer", "layer": "nope"}, {"kind": "layer"}, {"kind": "condition", "value": float("nan")},
        {"kind": "condition", "value": -1.0}, {"kind": "condition", "of": "nope"},
        {"kind": "condition", "of": "tensor", "tensor": "nope"}, {"kind": "condition", "test": "rises"},
    ),
    "step.breakpoint": _INSTRUCTIONS,
    "step.chain_jump": (*_PLACES, *_INSTRUCTIONS),
    "step.chain_show": ({"part": "nope"},),
    "step.chain_through": ({"level": -1}, {"level": HUGE}, *_PLACES),
    "step.chain_ways": ({"level": -1}, {"level": HUGE}),
    "step.change_breakpoint": ({"number": HUGE}, {"number": -1}, {"bogus": 3}, {"enable": False}, {"value": "x"}),
    "step.closeup": ({"name": "nope"}, {"value": "nope"}, {"name": "rows", "value": "shared"},
                     {"name": "plane", "value": "x"}, {"name": "plane", "value": "-1"}),
    "step.edit": (
        {"tensor": "nope"}, {"cells": [[99, 99]]}, {"cells": [[-1, 0]]}, {"cells": [[0]]}, {"cells": []},
        {"values": []}, {"values": [float("nan")]}, {"values": [float("inf")]},
        {"values": [1.0, 2.0]},
    ),
    "step.follow": _PLACES,
    "step.inspect": _INSTRUCTIONS,
    "step.notation": ({"value": "diagonals"},),
    "step.note": ({"place": -2}, {"place": HUGE}),
    "step.remove_breakpoint": ({"number": HUGE}, {"number": -1}),
    "step.story": (
        {"weight": "nope"}, {"weight": "dense_1/z"}, {"cell": [99, 99]}, {"cell": [-1, 0]}, {"cell": [0]},
    ),
    "step.view": ({"value": "nope"},),
    "step.whatif_sample": ({"data": "nope"}, {"part": "nope"}, {"index": -1}),
    "step.whatif_take_back": (
        {"tensor": "nope"}, {"cell": [99, 99]}, {"cell": [-1, 0]}, {"cell": []},
    ),
    "step.whatif_typed": ({"inputs": [[float("nan")]]},),
    "study.open": ({"kind": "nope"},),
    "study.use": ({"values": {"nope": 1}}, {"values": {"optimizer.learning_rate": "x"}}),
    "template.open": ({"name": "nope"},),
    "training.configure": (
        {"bogus": 1}, {"epochs": 0}, {"epochs": "x"}, {"epochs": None}, {"batch_size": -1},
        {"batch_size": [1]}, {"seed": 1.5}, {"learning_rate": "x"}, {"learning_rate": -1},
        {"learning_rate": float("nan")}, {"optimizer": "Nope"}, {"optimizer": 3}, {"optimizer": None},
        {"optimizer": {"kind": "Nope"}}, {"optimizer": {}}, {"loss": "nope"}, {"loss": 4}, {"loss": None},
        {"metrics": 5}, {"metrics": ["nope"]}, {"metrics": [7]}, {"metrics": None}, {"callbacks": 5},
        {"callbacks": [5]}, {"callbacks": [{"kind": "Nope"}]}, {"callbacks": None},
        {"truncated_bptt_steps": "x"}, {"truncated_bptt_steps": -1}, {"validation_split": 2},
        {"validation_split": "x"}, {"clipnorm": -1}, {"clipnorm": "x"},
    ),
    "view.theme": ({"name": "nope"},),
    "workspace.show": ({"name": "nope"},),
}  # fmt: skip

#: Any value of the right type makes sense, or what makes sense is known to the engine alone, which says so later.
FREE = {"project.save", "run.undelete", "step.walk", "view.reduced-motion"}


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")

    def prepare(window: MainWindow) -> None:
        window.context.bus.do("template.open", name="chain-rule-by-hand")

    with open_window(qtbot, engine=True, prepare=prepare) as opened:
        bus = opened.context.bus
        for name in ("learn", "build", "train", "step"):
            bus.do("workspace.show", name=name)
        session = view(opened).session
        qtbot.waitUntil(lambda: session.program is not None, timeout=_PATIENCE)
        qtbot.waitUntil(action(opened, "transport-step").isEnabled, timeout=_PATIENCE)
        for name in ("closeup", "story", "network"):
            bus.do("step.view", value=name)
        bus.do("step.breakpoint", instruction=2)
        yield opened


def view(window: MainWindow) -> StepWorkspace:
    found = window.findChild(StepWorkspace, "step-workspace")
    assert found is not None
    return found


def known(window: MainWindow) -> tuple[Any, ...]:
    """All that a command could have changed, but for what the engine does by itself."""
    context, session = window.context, view(window).session
    position = context.engine.state.position
    return (
        context.document.state, context.document.selection, context.document.stack.count(),
        repr(context.view), window.workspace, context.theme.name,
        session.chosen, session.row, dict(session._cells), dict(session.toggles), session.notation,
        session.show, session.cell, dict(session.stops.items), dict(session.stops.asleep),
        view(window).view_choice.value, view(window).notation.value,
        context.engine.state.granularity, context.engine.state.speed, position,
        session.snapshot.whatif, len(context.bus.log),
    )  # fmt: skip


def refused(window: MainWindow, name: str, arguments: dict[str, Any]) -> str:
    """Return what is wrong with how a command takes these arguments; "" if it refuses them as it should."""
    before = known(window)
    called = f"{name}({arguments})"
    try:
        window.context.bus.do(name, **arguments)
    except CommandError as error:
        sentence = str(error)
        if not sentence or not sentence.rstrip().endswith((".", "?", "!")) or "$" in sentence:
            return f"{called}: {sentence!r} is no sentence"
    except Exception as error:  # noqa: BLE001 - the test fails with it, and with all the others
        return f"{called}: {type(error).__name__}: {error}"
    else:
        return f"{called} was carried out"
    return "" if known(window) == before else f"{called} was refused and changed something"


def none_of(problems: list[str]) -> None:
    found = "\n".join(filter(None, problems))
    if found:
        pytest.fail(found, pytrace=False)


def wrong(kind: Any) -> list[Any]:
    """Return values that are not of a declared type."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return wrong(inside[0])
    if origin is Literal:
        return ["no-such", 7, None, [], {}]
    if origin in (Union, types.UnionType):
        values = [wrong(one) for one in inside if one is not type(None)]
        found = [
            v for v in values[0] if all(any(v is w or v == w for w in more) for more in values[1:])
        ]
        return [v for v in found if v is not None or type(None) not in inside]
    if origin is list:
        of = [[one] for one in wrong(inside[0])]
        return ["x", 7, None, {"a": 1}, True, *of]
    if origin is dict or kind is dict:
        return ["x", 7, None, [1]]
    return {
        int: ["x", None, 1.5, [1], {}, True, float("nan")],
        float: ["x", None, [1.0], {}, True, float("nan"), float("inf")],
        str: [7, None, 1.5, ["x"], {}, True],
        bool: ["x", None, 1, [], {}],
    }[kind]


def test_each_command_says_what_it_takes(window: MainWindow) -> None:
    bus = window.context.bus
    for name in bus.names():
        declared = bus.declared(name)
        assert Any not in declared.kinds.values(), name
        if not declared.kinds and not declared.open:
            continue
        assert set(declared.needed) <= set(GOOD[name]), f"{name} is not tried"
        assert name in OUT_OF_RANGE or name in FREE, f"{name} is not tried out of range"
        assert all(wrong(kind) for kind in declared.kinds.values())


def test_arguments_of_the_wrong_kind_are_refused(window: MainWindow) -> None:
    bus = window.context.bus
    problems = []
    for name in bus.names():
        declared, good = bus.declared(name), GOOD.get(name, {})
        if not declared.open:
            problems.append(refused(window, name, good | {"no_such_argument": 1}))
        for needed in declared.needed:
            rest = {key: value for key, value in good.items() if key != needed}
            problems.append(refused(window, name, rest))
        for argument, kind in declared.kinds.items():
            problems += [refused(window, name, good | {argument: bad}) for bad in wrong(kind)]
    none_of(problems)


def test_what_does_not_exist_is_refused(window: MainWindow) -> None:
    problems = [
        refused(window, name, GOOD[name] | bad)
        for name, every in OUT_OF_RANGE.items()
        for bad in every
    ]
    none_of(problems)


#: What the engine alone can tell: it says so in a moment, and nothing has changed.
LATER: dict[str, dict[str, Any]] = {
    "run.set": {"name": "nope", "value": 0.5},
    "run.undelete": {"run": "nope"},
    "run.branch": {"step": HUGE},
    "step.edit": {"tensor": "dense_1/kernel", "cells": [[0, 1]], "values": [1e300]},
    "step.whatif_sample": {"data": "", "part": "train", "index": HUGE},
    "step.whatif_take_back": {"tensor": "dense_1/kernel", "cell": [0, 0]},
    "step.whatif_typed": {"inputs": [[0.0, 1.0, 2.0]], "targets": [[1.0]]},
    "step.whatif_keep": {},
}


@pytest.mark.parametrize("name", LATER)
def test_what_the_engine_refuses_is_said_and_changes_nothing(
    qtbot: QtBot, window: MainWindow, name: str
) -> None:
    engine = window.context.engine
    before = known(window)[:-1]
    with qtbot.waitSignal(engine.failed, timeout=_PATIENCE) as said:
        window.context.bus.do(name, **LATER[name])
    assert said.args[0].rstrip().endswith((".", "?", "!"))
    assert "The engine could not do that" not in said.args[0]
    qtbot.waitUntil(lambda: engine.state.status in ("ready", "paused"), timeout=_PATIENCE)
    assert known(window)[:-1] == before


#: They ask in a dialog, or write files.
ASKING = {"project.export", "project.save", "study.open", "step.chain_ways", "lesson.show"}


@pytest.mark.parametrize("seed", range(2))
def test_commands_in_any_order_never_fail_but_with_a_sentence(
    qtbot: QtBot, window: MainWindow, seed: int
) -> None:
    random = Random(seed)
    bus = window.context.bus
    names = [name for name in bus.names() if name not in ASKING]
    told = []
    window.context.engine.failed.connect(told.append)
    for _ in range(100):
        name = random.choice(names)
        arguments = dict(GOOD.get(name, {}))
        if name in OUT_OF_RANGE and random.random() < 0.3:
            arguments |= random.choice(OUT_OF_RANGE[name])
        with contextlib.suppress(CommandError):
            bus.do(name, **arguments)
        if random.random() < 0.5:
            qtbot.wait(random.choice((0, 1, 20, 60)))
    qtbot.waitUntil(
        lambda: window.context.engine.state.status not in ("busy", "starting"), timeout=_PATIENCE
    )
    with contextlib.suppress(CommandError):
        bus.do("run.pause")
    assert not window.grab().isNull()
    assert not [sentence for sentence in told if "The engine could not do that" in sentence]


@pytest.mark.parametrize("state", ["empty", "blocked"])
def test_commands_without_a_network_that_runs_never_fail_but_with_a_sentence(
    qtbot: QtBot, window: MainWindow, state: str
) -> None:
    bus = window.context.bus
    if state == "empty":
        bus.do("project.new")
    else:
        bus.do("layer.configure", layer="dense_1", activation="softmax")
        bus.do("layer.remove", layer="dense_2")
        bus.do("training.configure", loss="sparse_categorical_crossentropy")
    qtbot.wait(100)
    changing = {"project.new", "template.open", "edit.undo", "edit.redo", "project.open", "layer.add", "data.choose",
                "training.configure", "layer.fix", "study.use"}  # fmt: skip
    for name in bus.names():
        if name in ASKING or name in changing:
            continue
        with contextlib.suppress(CommandError):
            bus.do(name, **GOOD.get(name, {}))
        qtbot.wait(1)
    assert not window.grab().isNull()
