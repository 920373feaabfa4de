"""Reshaping, merging, normalization, and graphs."""

from __future__ import annotations

from typing import Any

from tests.core.golden.layers.case import Call, LayerCase

EMBED = ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True})


def _merge(name: str, kind: str, shapes: list[tuple[int, ...]], **config: Any) -> LayerCase:
    """Branches of these shapes, joined; the gradient of each input is compared."""
    inputs = {"abcd"[k]: shape for k, shape in enumerate(shapes)}
    return LayerCase(
        name, inputs=inputs, calls=(Call("y", kind, config, tuple(inputs)),), outputs=("y",)
    )


def _masked(name: str, kind: str, masks: str = "ab", **config: Any) -> LayerCase:
    """Three sequences, those in `masks` with a mask, joined and read by an LSTM, which leaves masked steps out."""
    calls = [
        Call(f"e{k}", "Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": k in masks}, (k,))
        for k in "ab"
    ]
    joined = Call("y", kind, config, ("ea", "eb"))
    lstm = Call("lstm", "LSTM", {"units": 3}, ("y",))
    return LayerCase(
        name,
        inputs={"a": (6,), "b": (6,)},
        vocabulary={"a": 9, "b": 9},
        calls=(*calls, joined, lstm),
        outputs=("lstm", "y"),
    )


def _merges() -> list[LayerCase]:
    found = []
    for kind in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
        found += [
            _merge(f"{kind} of three", kind, [(4,), (4,), (4,)]),
            _merge(f"{kind} of sequences and a list", kind, [(3, 4), (4,)]),
        ]
    for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        found += [
            _merge(f"{kind} of images, broadcast", kind, [(2, 1, 4), (2, 3, 1)]),
            _merge(f"{kind} of a list and an image", kind, [(3,), (2, 5, 3)]),
            _masked(f"masked {kind}", kind),
            _masked(f"{kind}, one with a mask", kind, "b"),
        ]
    found.append(_merge("Subtract of two", "Subtract", [(5,), (5,)]))
    return found


LAYERS: list[LayerCase] = [
    LayerCase("reshape", (12,), (("Reshape", {"target_shape": [3, 4]}), ("Dense", {"units": 2}))),
    LayerCase("reshape, one worked out", (2, 3, 4), (("Reshape", {"target_shape": [-1, 2]}), ("Dense", {"units": 2}))),
    LayerCase("reshape to one number", (1,), (("Reshape", {"target_shape": [1, 1, 1]}),)),
    LayerCase("permute", (3, 5), (("Permute", {"dims": [2, 1]}), ("Dense", {"units": 2}))),
    LayerCase("permute an image", (2, 5, 3), (("Permute", {"dims": [3, 1, 2]}), ("Dense", {"units": 2}))),
    LayerCase("permute four axes", (2, 3, 1, 4), (("Permute", {"dims": [4, 2, 1, 3]}),)),
    LayerCase("permute without a change", (3, 5), (("Permute", {"dims": [1, 2]}),)),
    LayerCase("repeat a list", (4,), (("RepeatVector", {"n": 3}), ("LSTM", {"units": 2}))),
    LayerCase("repeat once", (4,), (("RepeatVector", {"n": 1}),)),
    LayerCase("encoder and decoder", (5, 3), (
        ("LSTM", {"units": 4}), ("RepeatVector", {"n": 2}), ("LSTM", {"units": 3, "return_sequences": True}))),
    LayerCase("mask ends at flatten", (6,), (EMBED, ("Flatten", {}), ("Dense", {"units": 2})), tokens=9),
    LayerCase("mask ends at permute", (6,), (EMBED, ("Permute", {"dims": [2, 1]}), ("LSTM", {"units": 2})), tokens=9),
    LayerCase("mask ends at reshape", (6,), (
        EMBED, ("Reshape", {"target_shape": [6, 4]}), ("LSTM", {"units": 2})), tokens=9),
    *_merges(),
    _merge("concatenate", "Concatenate", [(3,), (1,), (4,)]),
    _merge("concatenate channels", "Concatenate", [(2, 3, 1), (2, 3, 4)]),
    _merge("concatenate rows of images", "Concatenate", [(2, 3, 2), (1, 3, 2)], axis=1),
    _merge("concatenate columns of images", "Concatenate", [(2, 3, 2), (2, 1, 2), (2, 2, 2)], axis=-2),
    _masked("masked concatenate", "Concatenate"),
    _masked("concatenate, one with a mask", "Concatenate", "b"),
    _masked("masked concatenate in time", "Concatenate", axis=1),
    _masked("concatenate in time, one with a mask", "Concatenate", "b", axis=1),
    _merge("dot of lists", "Dot", [(4,), (4,)], axes=1),
    _merge("cosine of lists", "Dot", [(4,), (4,)], axes=-1, normalize=True),
    _merge("dot of sequences", "Dot", [(3, 4), (5, 4)], axes=2),
    _merge("dot of sequences, other axes", "Dot", [(3, 4), (4, 5)], axes=[2, 1]),
    _merge("dot over time", "Dot", [(3, 4), (3, 2)], axes=[1, 1]),
    _merge("dot of a sequence and a list", "Dot", [(3, 4), (4,)], axes=[2, 1]),
    _merge("dot of a list and a sequence", "Dot", [(4,), (3, 4)], axes=[1, 2]),
    _merge("dot of images", "Dot", [(2, 3, 4), (5, 3, 2)], axes=[2, 2]),
    _merge("dot of an image and a sequence", "Dot", [(2, 3, 4), (2, 5)], axes=[1, 1], normalize=True),
    _merge("cosine of sequences", "Dot", [(3, 4), (5, 4)], axes=[2, 2], normalize=True),
    LayerCase("attention", inputs={"a": (3, 4), "b": (5, 4)}, calls=(
        Call("scores", "Dot", {"axes": [2, 2]}, ("a", "b")),
        Call("weights", "Activation", {"activation": "softmax"}, ("scores",)),
        Call("read", "Dot", {"axes": [2, 1]}, ("weights", "b"))), outputs=("read",)),
    LayerCase("layer normalization", (6,), (("LayerNormalization", {}),)),
    # Keras's gradient is what its rounding leaves of 0.
    LayerCase("layer normalization of one number", (3, 1), (("LayerNormalization", {}),), tolerance=1e-4),
    LayerCase("layer normalization of a sequence", (3, 5), (
        ("LayerNormalization", {"epsilon": 1e-5}), ("Dense", {"units": 2}))),
    LayerCase("layer normalization of two axes", (2, 3, 4), (("LayerNormalization", {"axis": [2, 3]}),)),
    LayerCase("layer normalization of an image", (2, 3, 4), (("LayerNormalization", {"axis": [1, 2, 3]}),)),
    LayerCase("layer normalization of axes apart", (2, 3, 4), (("LayerNormalization", {"axis": [3, 1]}),)),
    LayerCase("layer normalization of axes apart, one from the end", (2, 3, 4), (
        ("LayerNormalization", {"axis": [-1, 1]}),)),
    LayerCase("layer normalization alone", (3, 5), (("LayerNormalization", {"center": False, "scale": False}),)),
    LayerCase("layer normalization without shift", (5,), (("LayerNormalization", {"center": False}),)),
    LayerCase("layer normalization without scale", (5,), (("LayerNormalization", {"scale": False}),)),
    LayerCase("mask through layer normalization", (6,), (EMBED, ("LayerNormalization", {}), ("LSTM", {"units": 3})),
              tokens=9),
    LayerCase("batch normalization of the first axis", (4, 3, 5), (("BatchNormalization", {"axis": 1}),)),
    LayerCase("batch normalization of steps", (4, 3), (("BatchNormalization", {"axis": -2, "momentum": 0.5}),)),
    LayerCase("batch normalization of one sample", (3, 2), (("BatchNormalization", {}),), rows=1),
    # Keras on PyTorch takes the variance as the difference of two means, which loses digits in small batches.
    LayerCase("batch normalization without shift", (6,), (("BatchNormalization", {"center": False}),), rows=9),
    LayerCase("batch normalization without scale", (6,), (("BatchNormalization", {"scale": False}),), rows=9),
    LayerCase("batch normalization of unmasked steps", (6,), (
        EMBED, ("BatchNormalization", {"momentum": 0.9}), ("LSTM", {"units": 3})), tokens=9),
    LayerCase("batch normalization of masked steps as channels", (6,), (
        EMBED, ("BatchNormalization", {"axis": 1}), ("LSTM", {"units": 3})), tokens=9),
    LayerCase("branches and skips", inputs={"a": (4,), "b": (3,)}, calls=(
        Call("first", "Dense", {"units": 5, "activation": "tanh"}, ("a",)),
        Call("second", "Dense", {"units": 5}, ("b",)),
        Call("both", "Concatenate", {}, ("first", "second", "a")),
        Call("wide", "Dense", {"units": 5, "activation": "tanh"}, ("both",)),
        Call("again", "@wide", {}, ("both",)),
        Call("skip", "Add", {}, ("wide", "again", "first")),
        Call("end", "Dense", {"units": 2}, ("skip",))), outputs=("end", "second")),
]  # fmt: skip
