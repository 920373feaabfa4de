"""Recurrent layers and what wraps layers."""

from __future__ import annotations

from typing import Any

from tests.core.golden.layers.case import Call, LayerCase

EMBEDDING: tuple[str, dict[str, Any]] = (
    "Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True})  # fmt: skip
KINDS: tuple[str, ...] = ("SimpleRNN", "LSTM", "GRU")
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}

#: Arguments tried with every kind.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "sequences": {"return_sequences": True},
    "without bias": {"use_bias": False},
    "backwards": {"go_backwards": True},
    "sequences backwards": {"return_sequences": True, "go_backwards": True},
    "relu": {"activation": "relu"},
    "linear": {"activation": None},
    "unrolled": {"unroll": True, "return_sequences": True},
}


def _each() -> list[LayerCase]:
    found = []
    for kind in KINDS:
        for name, given in VARIANTS.items():
            config = {"units": 3, **given}
            found.append(LayerCase(f"{kind}, {name}", (5, 2), ((kind, config),)))
        found += [
            LayerCase(f"{kind}, one step", (1, 2), ((kind, {"units": 3}),)),
            LayerCase(f"{kind}, one sample", (4, 3), ((kind, {"units": 2}),), rows=1),
            LayerCase(f"{kind}, one unit, one feature", (4, 1), ((kind, {"units": 1}),)),
            LayerCase(
                f"{kind} on {kind}",
                (4, 3),
                ((kind, {"units": 3, "return_sequences": True}), (kind, {"units": 2})),
            ),
            LayerCase(
                f"{kind}, dropout",
                (4, 3),
                ((kind, {"units": 3, "dropout": 0.3, "recurrent_dropout": 0.2}),),
                training=False,
            ),
            LayerCase(
                f"{kind}, stateful", (4, 2), ((kind, {"units": 3, "stateful": True}),), batches=3
            ),
            LayerCase(
                f"{kind}, stateful sequences",
                (3, 2),
                ((kind, {"units": 3, "stateful": True, "return_sequences": True}),),
                batches=2,
            ),
            LayerCase(
                f"{kind}, stateful backwards",
                (3, 2),
                ((kind, {"units": 2, "stateful": True, "go_backwards": True}),),
                batches=2,
            ),
            *_masked(kind),
            *_graphs(kind),
        ]
    return found  # fmt: skip


def _masked(kind: str) -> list[LayerCase]:
    return [
        LayerCase(f"masked {kind}, {name}", (6,), (EMBEDDING, (kind, {"units": 3, **given})), tokens=9)
        for name, given in VARIANTS.items() if name in ("plain", "sequences", "backwards", "sequences backwards")
    ] + [
        LayerCase(f"masked {kind} on {kind}", (6,), (
            EMBEDDING, (kind, {"units": 3, "return_sequences": True}), (kind, {"units": 2})), tokens=9),
        # The mask of a sequence that came out backwards is not turned: Keras's way.
        LayerCase(f"masked {kind} on {kind} backwards", (6,), (
            EMBEDDING, (kind, {"units": 3, "return_sequences": True, "go_backwards": True}), (kind, {"units": 2})),
            tokens=9),
        LayerCase(f"masked {kind}, stateful", (6,), (
            EMBEDDING, (kind, {"units": 3, "stateful": True, "return_sequences": True})), tokens=9, batches=2),
    ]  # fmt: skip


def _graphs(kind: str) -> list[LayerCase]:
    states = tuple(f"first:{k + 1}" for k in range(STATES[kind]))
    encoder = {"units": 3, "return_state": True}
    return [
        LayerCase(f"{kind}, states", inputs={"x": (4, 2)}, calls=(
            Call("first", kind, {**encoder, "return_sequences": True}, ("x",)),), outputs=("first", *states)),
        LayerCase(f"{kind}, last states", inputs={"x": (4, 2)}, calls=(
            Call("first", kind, encoder, ("x",)),), outputs=("first", *states)),
        LayerCase(f"{kind}, encoder and decoder", inputs={"x": (4, 2), "y": (3, 5)}, calls=(
            Call("first", kind, encoder, ("x",)),
            Call("second", kind, {"units": 3, "return_sequences": True}, ("y", *states)),
            Call("end", "Dense", {"units": 2}, ("second",))), outputs=("end",)),
        # Keras does not heed the decoder's mask if it is given a state.
        LayerCase(f"{kind}, masked encoder and decoder", inputs={"x": (6,), "y": (6,)},
                  vocabulary={"x": 9, "y": 9}, calls=(
            Call("a", "Embedding", EMBEDDING[1], ("x",)),
            Call("b", "Embedding", EMBEDDING[1], ("y",)),
            Call("first", kind, {**encoder, "return_sequences": True}, ("a",)),
            Call("second", kind, {"units": 3, "return_sequences": True}, ("b", *states)),
            Call("end", "Dense", {"units": 2}, ("second",))), outputs=("end", "first")),
        LayerCase(f"{kind}, one for two sequences", inputs={"x": (3, 2), "y": (4, 2)}, calls=(
            Call("first", kind, {"units": 3}, ("x",)), Call("again", "@first", {}, ("y",)),
            Call("both", "Add", {}, ("first", "again"))), outputs=("both",)),
    ]  # fmt: skip


def _wrapped(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": config}


def _both_ways() -> list[LayerCase]:
    found = []
    for mode in ("concat", "sum", "mul", "ave", None):
        for kind in KINDS:
            layer = _wrapped(kind, units=3)
            many = _wrapped(kind, units=3, return_sequences=True)
            given = {"merge_mode": mode}
            if mode is None:
                found += [
                    LayerCase(
                        f"both ways, {kind}, apart",
                        inputs={"x": (4, 2)},
                        calls=(Call("both", "Bidirectional", {"layer": layer, **given}, ("x",)),),
                        outputs=("both", "both:1"),
                    ),
                    LayerCase(
                        f"both ways, {kind}, apart, sequences",
                        inputs={"x": (4, 2)},
                        calls=(Call("both", "Bidirectional", {"layer": many, **given}, ("x",)),),
                        outputs=("both", "both:1"),
                    ),
                ]
                continue
            found += [
                LayerCase(
                    f"both ways, {kind}, {mode}",
                    (4, 2),
                    (("Bidirectional", {"layer": layer, **given}),),
                ),
                LayerCase(
                    f"both ways, {kind}, {mode}, sequences",
                    (4, 2),
                    (("Bidirectional", {"layer": many, **given}),),
                ),
                LayerCase(
                    f"masked both ways, {kind}, {mode}",
                    (6,),
                    (EMBEDDING, ("Bidirectional", {"layer": layer, **given})),
                    tokens=9,
                ),
                LayerCase(
                    f"masked both ways, {kind}, {mode}, sequences",
                    (6,),
                    (EMBEDDING, ("Bidirectional", {"layer": many, **given}), (kind, {"units": 2})),
                    tokens=9,
                ),
            ]
    for kind in KINDS:
        count = 2 * STATES[kind]
        states = tuple(f"first:{k + 1}" for k in range(count))
        encoder = _wrapped(kind, units=2, return_state=True)
        found += [
            LayerCase(
                f"both ways, {kind}, one step, one sample",
                (1, 2),
                (("Bidirectional", {"layer": _wrapped(kind, units=2)}),),
                rows=1,
            ),
            LayerCase(
                f"both ways, {kind}, states",
                inputs={"x": (4, 2)},
                calls=(Call("first", "Bidirectional", {"layer": encoder}, ("x",)),),
                outputs=("first", *states),
            ),
            LayerCase(
                f"both ways, {kind}, encoder and decoder",
                inputs={"x": (4, 2), "y": (3, 2)},
                calls=(
                    Call("first", "Bidirectional", {"layer": encoder}, ("x",)),
                    Call(
                        "second",
                        "Bidirectional",
                        {"layer": _wrapped(kind, units=2, return_sequences=True)},
                        ("y", *states),
                    ),
                ),
                outputs=("second",),
            ),
            LayerCase(
                f"both ways, {kind}, stateful",
                (3, 2),
                (("Bidirectional", {"layer": _wrapped(kind, units=2, stateful=True)}),),
                batches=2,
            ),
        ]
    return found  # fmt: skip


def _each_step() -> list[LayerCase]:
    inner: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
        "dense": ((4, 3), _wrapped("Dense", units=2, activation="tanh")),
        "dense of images": ((2, 3, 2, 2), _wrapped("Dense", units=3)),
        "convolution": (
            (3, 5, 4, 2),
            _wrapped("Conv2D", filters=3, kernel_size=[3, 2], padding="same"),
        ),
        "pooling": ((3, 5, 4, 2), _wrapped("MaxPooling2D", pool_size=[2, 2])),
        "flatten": ((3, 2, 2, 2), _wrapped("Flatten")),
        "normalization": ((3, 4), _wrapped("BatchNormalization", momentum=0.9)),
        "activation": ((3, 4), _wrapped("Activation", activation="softmax")),
        "lstm": ((3, 4, 2), _wrapped("LSTM", units=2)),
        "gru both ways": (
            (2, 3, 2),
            _wrapped("Bidirectional", layer=_wrapped("GRU", units=2, return_sequences=True)),
        ),
        "every step": ((2, 3, 4), _wrapped("TimeDistributed", layer=_wrapped("Dense", units=2))),
        "relu": ((3, 4), _wrapped("ReLU", max_value=0.5)),
    }
    return [
        LayerCase(f"each step, {name}", shape, (("TimeDistributed", {"layer": layer}),))
        for name, (shape, layer) in inner.items()
    ] + [
        LayerCase("each step, one", (1, 3), (("TimeDistributed", {"layer": _wrapped("Dense", units=2)}),)),
        LayerCase("each step, dropout", (3, 4), (
            ("TimeDistributed", {"layer": _wrapped("Dropout", rate=0.4)}),), training=False),
        LayerCase("video", (3, 5, 4, 1), (
            ("TimeDistributed", {"layer": _wrapped("Conv2D", filters=2, kernel_size=[2, 2], activation="relu")}),
            ("TimeDistributed", {"layer": _wrapped("Flatten")}), ("LSTM", {"units": 2}))),
        LayerCase("masked each step", (6,), (
            EMBEDDING, ("TimeDistributed", {"layer": _wrapped("Dense", units=3)}), ("GRU", {"units": 2})), tokens=9),
        LayerCase("masked each step, normalization", (6,), (EMBEDDING, ("TimeDistributed", {
            "layer": _wrapped("BatchNormalization", momentum=0.8)}), ("GRU", {"units": 2})), tokens=9),
        LayerCase("masked each step, relu", (6,), (
            EMBEDDING, ("TimeDistributed", {"layer": _wrapped("ReLU")}), ("GRU", {"units": 2})), tokens=9),
    ]  # fmt: skip


LAYERS: list[LayerCase] = [
    *_each(),
    *_both_ways(),
    *_each_step(),
    LayerCase("both ways, other layer back", (4, 2), (("Bidirectional", {
        "layer": _wrapped("LSTM", units=3, return_sequences=True),
        "backward_layer": _wrapped("GRU", units=3, return_sequences=True, go_backwards=True)}),)),
    LayerCase("both ways, other size back", (4, 2), (("Bidirectional", {
        "layer": _wrapped("LSTM", units=3), "backward_layer": _wrapped("GRU", units=2, go_backwards=True)}),)),
    LayerCase("both ways, the first one back", (4, 2), (("Bidirectional", {
        "layer": _wrapped("GRU", units=3, return_sequences=True, go_backwards=True),
        "backward_layer": _wrapped("GRU", units=3, return_sequences=True)}),)),
    LayerCase("the notes' two layers both ways", (5, 10), (
        ("Bidirectional", {"layer": _wrapped("LSTM", units=10, return_sequences=True)}),
        ("Bidirectional", {"layer": _wrapped("LSTM", units=10)}), ("Dense", {"units": 5, "activation": "softmax"}))),
    LayerCase("both ways, penalties", (4, 2), (("Bidirectional", {"layer": _wrapped(
        "LSTM", units=3, kernel_regularizer="l2", recurrent_regularizer="l1", bias_regularizer="l2")}),)),
    LayerCase("each step, penalties", (4, 2), (("TimeDistributed", {"layer": _wrapped(
        "Dense", units=3, kernel_regularizer="l2")}),)),
    LayerCase("SimpleRNN, penalties", (4, 2), (("SimpleRNN", {
        "units": 3, "kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l2",
        "activity_regularizer": "l2"}),)),
    LayerCase("GRU, penalties", (4, 2), (("GRU", {
        "units": 3, "return_sequences": True, "recurrent_regularizer": "l1", "activity_regularizer": "l1"}),)),
    LayerCase("LSTM, other gates", (4, 2), (
        ("LSTM", {"units": 3, "recurrent_activation": "tanh", "activation": "sigmoid"}),)),
    LayerCase("GRU, other gates", (4, 2), (
        ("GRU", {"units": 3, "recurrent_activation": "tanh", "activation": "sigmoid"}),)),
    *(
        LayerCase(f"GRU, reset before, {name}", (5, 2), (("GRU", {"units": 3, "reset_after": False, **given}),))
        for name, given in VARIANTS.items()
    ),
    LayerCase("GRU, reset before, one step", (1, 2), (("GRU", {"units": 3, "reset_after": False}),)),
    LayerCase("masked GRU, reset before", (6,), (EMBEDDING, (
        "GRU", {"units": 3, "reset_after": False, "return_sequences": True})), tokens=9),
    LayerCase("LSTM, softmax gates", (3, 2), (("LSTM", {"units": 3, "recurrent_activation": "softmax"}),)),
]  # fmt: skip
