"""Where data enters a network."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.layers.base import Layer, Shape
from core.layers.settings import Setting
from core.layers.symbolic import SymbolicTensor
from core.naming import suggestion

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class InputLayer(Layer):
    """``y = x``: a batch of samples of one shape. Source: Keras ``InputLayer``.

    Input shape and output shape: ``(batch, *shape)``.
    """

    family = "Core"
    summary = "Where the data enters: one sample's shape, without the batch axis."
    icon = "input"
    arity = (0, 0)
    settings = (
        Setting("shape", "Shape", "shape", [2], 1, 4096, help="Height, width, channels; or the number of features.",
                required=True),
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return tuple(self["shape"])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.input_tensor()

    def describe(self) -> tuple[str, str]:
        shape = self["shape"]
        kind = {1: "greyscale", 3: "colour"}.get(shape[-1], "") if len(shape) == 3 else ""
        return ("×".join(map(str, shape)), kind)


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: Any = None,
    ragged: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
) -> SymbolicTensor:
    """Where data of this shape (without the batch axis) enters a model.

    Parameters
    ----------
    shape
        Of one sample, without the batch axis.
    batch_size
        Taken because Keras's code has it, and left out: batches are as large as `fit` and `predict` are told, those of
        stateful layers too.
    dtype
        Taken and left out in the same way: data of any type become float32, the type of all numbers here.
    sparse, ragged
        Only None and False: arrays are dense.
    batch_shape
        The shape with the batch axis in front, in the place of `shape` and `batch_size`.
    name
        Of the layer.
    """
    for word, value in (("sparse", sparse), ("ragged", ragged)):
        if value:
            raise SettingError(
                f"Input: {word}={value!r} is not in this version; give dense arrays, padded to one shape.",
                word,
            )
    if batch_shape is not None:
        shape, batch_size = _from_batch_shape(shape, batch_size, batch_shape)
    if batch_size is not None and not _counts(batch_size):
        message = f"Input: batch_size must be a whole number of at least 1, or None; it is {batch_size!r}."
        raise SettingError(message, "batch_size")
    if dtype is not None:
        _check_dtype(dtype)
    if not isinstance(shape, (list, tuple)):
        given = "given none" if shape is None else f"given {shape!r}"
        message = f"Input takes the shape of one sample as a tuple, for example Input((4,)); it is {given}."
        raise SettingError(message, "shape")
    if any(n is None for n in shape):
        message = (
            f"Input takes a whole number for every axis; in {tuple(shape)} one is None. Here all samples have one "
            "shape: give the length of the longest sequence, and pad the others to it with zeros."
        )
        raise SettingError(message, "shape")
    layer = InputLayer(shape=tuple(shape), name=name)
    return SymbolicTensor(layer, (), tuple(layer["shape"]))


#: Types of numbers that become float32 without a word.
_DTYPES = (
    "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "bool",
)  # fmt: skip


def _from_batch_shape(shape: Any, batch_size: Any, batch_shape: Any) -> tuple[Any, Any]:
    for word, value in (("shape", shape), ("batch_size", batch_size)):
        if value is not None:
            message = f"Input: {word} and batch_shape say the same; give one of them."
            raise SettingError(message, "batch_shape")
    if not isinstance(batch_shape, (list, tuple)) or not batch_shape:
        raise SettingError(
            "Input: batch_shape is the shape of a batch as a tuple, with None for the number of samples, for example "
            f"(None, 4); it is {batch_shape!r}.",
            "batch_shape",
        )
    return tuple(batch_shape[1:]), batch_shape[0]


def _counts(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Integral) and int(value) > 0


def _check_dtype(dtype: Any) -> None:
    # NumPy's types by name; it is not imported for the sake of a form.
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", str(dtype))
    if {"int": "int64", "float": "float64"}.get(name, name) not in _DTYPES:
        raise SettingError(
            f"Input: dtype must be a type of numbers such as 'float32'; it is {dtype!r}."
            f"{suggestion(str(name), _DTYPES)}",
            "dtype",
        )
