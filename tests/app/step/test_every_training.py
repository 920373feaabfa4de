"""What the settings of training put on the tape, walked in a real window: each number beside a second engine's.

Clipping, windows of time, padded words, states that are kept, layers called twice, the rest of an epoch as a
small last batch, weights of classes, penalties, schedules, every optimizer and every loss; and numbers that are none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from app.bus import CommandError
from app.engine.state import Work
from app.scenes.step_values import cell_id
from app.window.main import MainWindow
from core import losses, optimizers
from core.data import registry as data_registry
from core.data.types import DataInfo, Source
from core.spec import Layer, Network, Node, Training, new_layer
from tests.app.step.painted import recorded, shows
from tests.app.step.test_every_layer import Walk, _known_data, window  # noqa: F401

_STEPS, _FEATURES, _TOKENS = 4, 2, 5


def _data(kind: str) -> str:
    """A data set for this test only: its name. Five samples, but four where batches have to be full."""
    samples = 4 if kind == "even" else 5
    name = f"training-{kind}"

    def make() -> Any:
        rng = np.random.default_rng(11)
        n = 2 * samples
        y: Any = rng.normal(size=(n, 1)).astype(np.float32)
        if kind == "tokens":
            x = rng.integers(1, _TOKENS, (n, _STEPS)).astype(np.float32)
            for k, row in enumerate(x):
                row[_STEPS - k % 3 :] = 0
        elif kind in ("sequences", "even"):
            x = rng.normal(size=(n, _STEPS, _FEATURES)).astype(np.float32)
        else:
            x = rng.normal(size=(n, _FEATURES)).astype(np.float32)
        if kind == "classes":
            y = (np.arange(n) % 3).astype(np.int64)
        elif kind == "yes or no":
            y = (np.arange(n) % 2).astype(np.int64)
        elif kind == "one-hot":
            y = np.eye(3, dtype=np.float32)[np.arange(n) % 3]
        elif kind == "counts":
            y = rng.integers(1, 5, (n, 1)).astype(np.float32)
        elif kind == "huge":
            x *= 1e30
        return x[:samples], y[:samples], x[samples:], y[samples:]

    sizes: dict[str, tuple[int, ...]] = {
        "tokens": (_STEPS,), "sequences": (_STEPS, _FEATURES), "even": (_STEPS, _FEATURES)
    }  # fmt: skip
    shape = sizes.get(kind, (_FEATURES,))
    names = {"classes": ("a", "b", "c"), "one-hot": ("a", "b", "c"), "yes or no": ("no", "yes")}
    classes = names.get(kind, ())
    info = DataInfo(
        name, 1, "For a test", "Random numbers.", shape, classes,
        "classification" if classes else "regression", "table", "none", "made here",
        features=("x0", "x1") if len(shape) == 1 and kind != "tokens" else (),
        output_shape={"classes": (), "yes or no": (), "one-hot": (3,)}.get(kind, (1,)),
    )  # fmt: skip
    data_registry._sources().setdefault(name, Source(info, make))
    return name


def _chain(*pieces: tuple[str, dict[str, Any]]) -> Network:
    network = Network.chain("Walk", ())
    for kind, settings in pieces:
        made = new_layer(kind, network, **settings)
        network = Network.chain("Walk", (*network.layers, made))
    return network


def _dense(units: int = 1, activation: str = "linear", **hidden: Any) -> Network:
    return _chain(
        ("InputLayer", {"shape": [_FEATURES]}),
        ("Dense", {"units": 2, "activation": "tanh"} | hidden),
        ("Dense", {"units": units, "activation": activation}),
    )


def _recurrent(
    kind: str, *before: tuple[str, dict[str, Any]], tokens: bool = False, **settings: Any
) -> Network:
    shape = [_STEPS] if tokens else [_STEPS, _FEATURES]
    return _chain(
        ("InputLayer", {"shape": shape}), *before, (kind, {"units": 2, **settings}),
        ("Dense", {"units": 1}),
    )  # fmt: skip


def _graph(
    *pieces: tuple[str, str, tuple[str, ...], dict[str, Any]], outputs: tuple[str, ...]
) -> Network:
    layers: dict[str, Layer] = {}
    nodes = []
    for name, kind, inputs, settings in pieces:
        layer = settings.pop("of", name)
        if layer not in layers:
            made = new_layer(kind, **settings)
            layers[layer] = Layer(layer, made.kind, layer, made.config)
        nodes.append(Node(name, layer, inputs))
    return Network("Walk", tuple(layers.values()), tuple(nodes), outputs)


def _shared() -> Network:
    return _graph(
        ("input_1", "InputLayer", (), {"shape": [_FEATURES]}),
        ("first", "Dense", ("input_1",), {"units": 2, "activation": "tanh", "of": "twice"}),
        ("second", "Dense", ("first",), {"units": 2, "of": "twice"}),
        ("dense_1", "Dense", ("second",), {"units": 1}),
        outputs=("dense_1",),
    )


def _of_loss(name: str) -> tuple[Network, str]:
    """A network whose outputs a loss can be asked about, and data that fit."""
    if name.startswith("sparse"):
        return _dense(3, "softmax"), "classes"
    if "categorical" in name:
        return _dense(3, "softmax"), "one-hot"
    if name.startswith("binary"):
        return _dense(1, "sigmoid"), "yes or no"
    if "hinge" in name:
        return (
            (_dense(3), "one-hot") if name.startswith("cat") else (_dense(1, "tanh"), "yes or no")
        )
    if name in ("kl_divergence", "kullback_leibler_divergence"):
        return _dense(3, "softmax"), "one-hot"
    if name in ("poisson", "mean_squared_logarithmic_error", "mean_absolute_percentage_error"):
        return _dense(1, "softplus"), "counts"
    return _dense(3) if "cosine" in name else _dense(1), "one-hot" if "cosine" in name else "table"


def _cases() -> dict[str, tuple[Network, str, dict[str, Any], int]]:
    """By name: network, data, settings of training, and how many whole steps go before the walk."""
    found: dict[str, tuple[Network, str, dict[str, Any], int]] = {}
    for way, limit in (("clipnorm", 0.05), ("clipvalue", 0.02), ("global_clipnorm", 0.05)):
        found[way] = (_dense(), "table", {"optimizer": {"kind": "SGD", way: limit}}, 0)
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        more = {"truncated_bptt_steps": 2}
        found[f"{kind} in windows of time"] = (_recurrent(kind), "sequences", more, 0)
        found[f"{kind}, the second window"] = (_recurrent(kind), "sequences", more, 1)
        words = ("Embedding", {"input_dim": _TOKENS, "output_dim": 2, "mask_zero": True})
        found[f"{kind} with padded words"] = (_recurrent(kind, words, tokens=True), "tokens", {}, 1)
        found[f"{kind} that keeps its state"] = (_recurrent(kind, stateful=True), "even", {}, 1)
    words = ("Embedding", {"input_dim": _TOKENS, "output_dim": 2, "mask_zero": True})
    inner = {"class_name": "GRU", "config": {"units": 2}}
    found["both directions with padded words"] = (
        _chain(
            ("InputLayer", {"shape": [_STEPS]}), words, ("Bidirectional", {"layer": inner}),
            ("Dense", {"units": 1}),
        ),
        "tokens", {}, 0,
    )  # fmt: skip
    found["a layer called twice"] = (_shared(), "table", {}, 0)
    found["the rest of an epoch"] = (_dense(), "table", {"batch_size": 4}, 1)
    found["class weights"] = (
        _dense(3, "softmax"), "classes",
        {"loss": "sparse_categorical_crossentropy", "class_weight": {0: 0.5, 2: 3.0}, "batch_size": 3}, 0,
    )  # fmt: skip
    for name, penalty in (
        ("L1", {"class_name": "L1", "config": {"l1": 0.02}}),
        ("L2", {"class_name": "L2", "config": {"l2": 0.03}}),
        ("L1L2", {"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.03}}),
    ):
        roles = {"kernel_regularizer": penalty, "bias_regularizer": penalty}
        found[f"penalty {name}"] = (_dense(**roles), "table", {}, 0)
    rate = {
        "kind": "ExponentialDecay",
        "initial_learning_rate": 0.1,
        "decay_steps": 2,
        "decay_rate": 0.5,
    }
    for kind in ("SGD", "Adam"):
        found[f"a falling rate, {kind}"] = (
            _dense(),
            "table",
            {"optimizer": {"kind": kind, "learning_rate": rate}},
            2,
        )
    for kind in optimizers.names():
        found[f"optimizer {kind}"] = (_dense(), "table", {"optimizer": {"kind": kind}}, 1)
    found["optimizer SGD, momentum"] = (
        _dense(),
        "table",
        {"optimizer": {"kind": "SGD", "momentum": 0.9}},
        1,
    )
    found["optimizer SGD, Nesterov"] = (
        _dense(), "table", {"optimizer": {"kind": "SGD", "momentum": 0.9, "nesterov": True}}, 1
    )  # fmt: skip
    for name in losses.names():
        network, data = _of_loss(name)
        found[f"loss {name}"] = (network, data, {"loss": name}, 0)
    big = {"class_name": "RandomUniform", "config": {"minval": -1e10, "maxval": 1e10, "seed": 1}}
    found["a network that overflows"] = (
        _dense(kernel_initializer=big, activation="relu"),
        "huge",
        {},
        0,
    )
    found["convolution that overflows"] = (
        _chain(
            ("InputLayer", {"shape": [_FEATURES]}), ("Reshape", {"target_shape": [1, 2, 1]}),
            ("Conv2D", {"filters": 2, "kernel_size": [1, 2], "padding": "same", "kernel_initializer": big}),
            ("BatchNormalization", {}), ("MaxPooling2D", {"pool_size": [1, 2]}), ("Flatten", {}),
            ("Dense", {"units": 2, "activation": "softmax"}), ("Dense", {"units": 1}),
        ), "huge", {"batch_size": 3, "optimizer": {"kind": "Adam"}}, 0,
    )  # fmt: skip
    for kind in ("LSTM", "GRU"):
        found[f"{kind} that overflows"] = (
            _chain(
                ("InputLayer", {"shape": [_FEATURES]}), ("Reshape", {"target_shape": [2, 1]}),
                (kind, {"units": 2, "kernel_initializer": big}), ("Dense", {"units": 1}),
            ), "huge", {"batch_size": 3}, 0,
        )  # fmt: skip
    return found


CASES = _cases()


def _wide(name: str) -> bool:
    """Whether a case is tried in ``make test-long`` only: most losses and optimizers, and the longest tapes."""
    if name.startswith(("loss ", "optimizer ")):
        return name not in ("loss huber", "optimizer Nadam")
    long = ("GRU that keeps its state", "GRU in windows of time", "penalty L1", "penalty L2")
    return name.startswith(("LSTM", "both")) or name in long


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.wide] if _wide(n) else []) for n in sorted(CASES)]
)
def test_every_number_is_the_engines(
    qtbot: QtBot,
    window: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    network, data, more, before = CASES[name]
    training = Training(**{"batch_size": 2, "metrics": (), **more})
    walk = Walk(qtbot, window, Work(network, training, _data(data), {}), monkeypatch)
    for _ in range(before):
        walk.whole_step()
    count = len(walk.run.program.instructions)
    states = [walk.state()]
    for _ in range(count):
        walk.forward()
        if walk.run.divergence is not None:
            # Nothing goes on from here but the way back; what broke is to be seen.
            walk.look()
            states.append(walk.state())
            break
        walk.look()
        states.append(walk.state())
    count = len(states) - 1
    assert ("overflow" in name) == (walk.run.divergence is not None)
    assert walk.compared > count
    for place in range(count - 1, -1, -1):
        walk.run.step_back("instruction")
        walk.press("transport-step-back")
        assert walk.state() == states[place], f"back before {place + 1}"
        walk.same()


def test_the_last_batch_of_an_epoch_has_its_own_samples_and_the_chosen_one_comes_back(
    qtbot: QtBot,
    window: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = Training(batch_size=4, metrics=())
    walk = Walk(qtbot, window, Work(_dense(), training, _data("table"), {}), monkeypatch)
    session, do = walk.session, window.context.bus.do
    do("select.row", row=2)
    walk.forward()
    assert (session.rows, session.row) == (4, 2)
    for _ in range(len(walk.run.program.instructions)):
        walk.forward()
    # Of five samples one is left.
    assert session.snapshot.position.batch == 1
    assert (session.rows, session.row) == (1, 0)
    assert not walk.view.next.isEnabled()
    with pytest.raises(CommandError, match="no sample 2"):
        do("select.row", row=1)
    walk.press("transport-step-back")
    walk.press("transport-step-back")
    assert (session.rows, session.row) == (4, 2)


def test_each_call_of_a_shared_layer_shows_its_own_numbers(
    qtbot: QtBot,
    window: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk = Walk(
        qtbot, window, Work(_shared(), Training(metrics=()), _data("table"), {}), monkeypatch
    )
    stage = walk.view.stage
    for line in walk.run.program.instructions:
        walk.forward()
        if line.op != "tanh" and line.op != "tanh_grad":
            continue
        with recorded(monkeypatch) as written:
            walk.drawing(stage)
        (tensor,) = (name for name in line.writes if name in walk.run.program.tensors)
        for unit in range(2):
            hit = stage.place.hits.get(cell_id(tensor, (unit,)))
            assert hit is not None, tensor
            value = walk.value(tensor, (unit,), row=walk.session.row)
            inside = [w.string for w in written if w.inside(QRectF(*hit.rect))]
            assert any(shows(one, value) for one in inside), (line.title, value, inside)
    calls = [unit for unit in stage.place.units if unit.layer in ("first", "second")]
    assert [unit.title for unit in calls] == ["a^{1}_{1}", "a^{1}_{2}", "a^{1′}_{1}", "a^{1′}_{2}"]
    kernels = {edge.kernel for edge in stage.place.edges if edge.layer in ("first", "second")}
    assert kernels == {"twice/kernel"}


def test_what_is_drawn_by_chance_is_said_in_words(
    qtbot: QtBot,
    window: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = _chain(
        ("InputLayer", {"shape": [_FEATURES]}),
        ("Dropout", {"rate": 0.5}),
        ("Dense", {"units": 1}),
    )
    walk = Walk(qtbot, window, Work(network, Training(metrics=()), _data("table"), {}), monkeypatch)
    while walk.session.instruction is None or walk.session.instruction.op != "dropout_mask":
        walk.forward()
    sheet = walk.view.sheet
    qtbot.waitUntil(lambda: sheet.card.expression is not None, timeout=20_000)
    card = sheet.card
    assert card.instruction.op == "dropout_mask"
    assert card.worded
    # No mask "is" itself: what is drawn stands there once.
    operands = card.parts["operands"]
    assert operands.read == ()
    assert operands.output is not None
    assert card.tex.count("dropout") == 1
    assert card.result in (0.0, 2.0)
