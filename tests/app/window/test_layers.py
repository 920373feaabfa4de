"""Every registered layer in a real window: built, trained, stepped through and looked at, without being named here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.document import DataRef, State
from app.window.main import MainWindow
from core.layers import registry
from core.layers.base import Layer as LayerRule
from core.spec import Inspection, Layer, Network, Node, Training, inspect, new_layer
from tests.app.window.windows import open_window
from tests.core.networks import chain
from tests.core.subjects import smallest

_PATIENCE = 120_000

#: What may stand between 8x8 digits and the layer: nothing, rows of pixels as a sequence, a list, or tokens.
_BEFORE: tuple[tuple[tuple[str, dict[str, Any]], ...], ...] = (
    (),
    (("Reshape", {"target_shape": [8, 8]}),),
    (("Flatten", {}),),
)


def closed(network: Network) -> Network | None:
    """The network with a list of ten probabilities at its end, if it works."""
    last = network.layers[-1].id
    found = shape_of(network, last)
    if found is None:
        return None
    for kind, config in ((("Flatten", {}),) if len(found) > 1 else ()) + (
        ("Dense", {"units": 10, "activation": "softmax"}),
    ):
        network = network.insert(len(network.layers), new_layer(kind, network, **config))
    return network if looked_at(network).ok else None


def looked_at(network: Network) -> Inspection:
    return inspect(network, 8, data_shape=(8, 8, 1))


def shape_of(network: Network, layer: str) -> tuple[int, ...] | None:
    rows = [row for row in looked_at(network).rows if row.layer == layer]
    return rows[0].output_shape if rows else None


def joined(kind: type[LayerRule]) -> Network:
    """Two branches that meet in the layer."""
    made = {
        "input": new_layer("Input", shape=[8, 8, 1]),
        "flat": new_layer("Flatten"),
        "left": new_layer("Dense", units=4),
        "right": new_layer("Dense", units=4),
        "joined": new_layer(kind.__name__, **smallest(kind)),
        "end": new_layer("Dense", units=10, activation="softmax"),
    }
    # A number a sample is no list yet; what the layer makes of two lists decides.
    nodes = (
        Node("input", "input"),
        Node("flat", "flat", ("input",)),
        Node("left", "left", ("flat",)),
        Node("right", "right", ("flat",)),
        Node("joined", "joined", ("left", "right")),
        Node("end", "end", ("joined",)),
    )
    layers = tuple(Layer(key, layer.kind, key, layer.config) for key, layer in made.items())
    return Network(kind.__name__, layers, nodes, ("end",))


def network_with(kind: type[LayerRule]) -> Network:
    """A network for 8x8 digits in which the layer stands."""
    if kind.arity[0] > 1:
        return joined(kind)
    config = smallest(kind)
    if kind.__name__ in ("Input", "InputLayer"):
        network = closed(chain((8, 8, 1)))
        assert network is not None
        return network
    if kind.__name__ == "Reshape":
        config = {"target_shape": [64]}
    for before in _BEFORE:
        if before and not registry.known(before[0][0]):
            continue
        start = chain((8, 8, 1), *before)
        try:
            network = closed(
                start.insert(len(start.layers), new_layer(kind.__name__, start, **config))
            )
        except Exception:  # noqa: BLE001 - it does not go there; the next place is tried
            continue
        if network is not None:
            return network
    raise AssertionError(f"{kind.__name__} stands nowhere behind 8x8 digits")


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")
    with open_window(qtbot, engine=True) as opened:
        yield opened


GROUPS = [
    [kind for kind in registry.kinds() if kind.family == family] for family in registry.FAMILIES
]


@pytest.mark.parametrize("kinds", [g for g in GROUPS if g], ids=[g[0].family for g in GROUPS if g])
def test_every_layer_lives_in_every_workspace(
    qtbot: QtBot, window: MainWindow, kinds: list[type[LayerRule]]
) -> None:
    context, problems = window.context, []
    engine, bus = context.engine, context.bus
    engine.failed.connect(problems.append)

    def at(pc: int) -> bool:
        assert problems == []
        assert engine.latest is not None
        assert engine.state.status in ("ready", "paused"), (engine.state, engine.latest.position)
        return engine.latest.position.pc == pc

    def runs(names: set[str]) -> bool:
        shot = engine.latest
        if engine.state.status != "ready" or shot is None or shot.program is None:
            return False
        written = {line.layer for line in shot.program.instructions if line.layer}
        # Not the template the window began with.
        return written <= names and shot.position.step == shot.position.pc == 0

    for kind in kinds:
        network = network_with(kind)
        training = Training(
            optimizer={"kind": "SGD", "learning_rate": 0.01},
            loss="sparse_categorical_crossentropy", metrics=("accuracy",), batch_size=8, epochs=2,
        )  # fmt: skip
        state = State(kind.__name__, network, training, DataRef("digits8x8", {}))
        context.document.open_state(state)
        engine.open_document()
        assert context.document.inspection.ok, kind.__name__
        wanted_layers = {node.layer for node in network.nodes}
        qtbot.waitUntil(
            lambda names=wanted_layers: runs(names),  # type: ignore[misc]
            timeout=_PATIENCE,
        )
        subject = next(
            (x.id for x in network.layers if x.kind == kind.__name__), network.layers[0].id
        )
        for place in ("build", "train", "step"):
            bus.do("workspace.show", name=place)
            bus.do("select.layer", layer=subject)
            assert not window.grab().isNull()
        program = engine.latest.program  # type: ignore[union-attr]
        lines = program.instructions
        # Through the step layer by layer, then the formulas of the layer's own instructions with their numbers.
        last = max(line.index for line in lines if line.layer == subject or not line.layer)
        bus.do("run.seek", step=0, pc=last)
        qtbot.waitUntil(lambda n=last: at(n), timeout=_PATIENCE)  # type: ignore[misc]
        own = [line.index for line in lines if line.layer == subject and line.index < last]
        for index in own[:: max(1, len(own) // 12)]:
            bus.do("step.inspect", instruction=index)
            qtbot.wait(20)
            assert not window.grab().isNull()
        bus.do("workspace.show", name="train")
        bus.do("run.step", granularity="batch")
        qtbot.waitUntil(lambda: engine.latest.position.step == 1, timeout=_PATIENCE)  # type: ignore[union-attr]
        assert not window.grab().isNull()
        assert problems == [], kind.__name__
