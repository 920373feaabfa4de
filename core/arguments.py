"""What a learner hands to a model, as arrays; what cannot be one is refused in a sentence."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np

from core.errors import ChainruleError, SettingError, ShapeError
from core.naming import no_argument, suggestion, unknown


def numbers_of(value: Any, what: str) -> np.ndarray:
    """`value` as an array of numbers, one row a sample.

    Raises
    ------
    core.errors.ChainruleError
        It is nothing, a text, a single number, or rows of different lengths.
    """
    if value is None:
        raise ChainruleError(f"{what} is missing: give an array of shape (samples, ...).")
    try:
        found = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ChainruleError(_ragged(what)) from error
    if found.dtype.kind == "O":
        raise ChainruleError(_not_numbers(found, what))
    if found.dtype.kind not in "biuf":
        got = "text" if found.dtype.kind in "US" else str(found.dtype)
        number = _numbering(what) if got == "text" else ""
        raise ChainruleError(f"{what} must be numbers; {got} is given.{number}")
    if found.ndim == 0:
        raise ChainruleError(
            f"{what} must be an array of shape (samples, ...); it is the single number {found}."
        )
    return found


def several(
    value: Any, count: int, what: str, sample: tuple[int, ...] | None = None
) -> list[np.ndarray]:
    """One array for each of `count` inputs or outputs; a list of arrays if there is more than one.

    A list of one array is taken for one input, too, as in Keras, unless it is a single sample of shape `sample`.
    """
    if count == 1:
        return [numbers_of(alone(value, sample), what)]
    if not isinstance(value, (list, tuple)) or len(value) != count:
        given = len(value) if isinstance(value, (list, tuple)) else 1
        sides = "inputs" if what == "x" else "outputs"
        raise ChainruleError(
            f"The model has {count} {sides}, so {what} must be a list of {count} arrays; {given} "
            f"{'is' if given == 1 else 'are'} given."
        )
    return [numbers_of(item, f"{what}[{k}]") for k, item in enumerate(value)]


def alone(value: Any, sample: tuple[int, ...] | None = None) -> Any:
    """The array of a list of one, unless it is one sample of this shape; anything else as it is."""
    if not isinstance(value, (list, tuple)) or len(value) != 1:
        return value
    one = value[0]
    if not isinstance(one, np.ndarray) or not one.ndim or one.shape == sample:
        return value
    return one


def by_name(
    given: dict[str, Any],
    names: list[str],
    what: str,
    side: str,
    more: bool = False,
    fewer: bool = False,
) -> Any:
    """What a dictionary holds for each input or output, in their order; not a list if there is one.

    Parameters
    ----------
    given, names
        The dictionary, and the names of the inputs or outputs.
    what, side
        How the sentence calls the argument, and what it names: "input" or "output".
    more
        What belongs to none of them is left out, as Keras does.
    fewer
        What is not named is None.

    Raises
    ------
    core.errors.ChainruleError
        A name is missing or unknown, or two outputs of one layer share theirs.
    """
    listed = ", ".join(names)
    if len(set(names)) < len(names):
        message = f"Two outputs are of one layer ({listed}), so names cannot tell them apart: give {what} as a list."
        raise ChainruleError(message)
    missing = [name for name in names if name not in given]
    strange = [str(name) for name in given if name not in names]
    if (missing and not fewer) or (strange and (missing or not more)):
        known = f"its {side} is {listed}" if len(names) == 1 else f"its {side}s are {listed}"
        raise ChainruleError(
            f"{what} is a dictionary by the names of the model's {side}s; {known}, but {what} names "
            f"{', '.join(map(str, given)) or 'nothing'}.{suggestion(strange[0], missing) if strange else ''}"
        )
    found = [given.get(name) for name in names]
    return found if len(found) > 1 else found[0]


def require_shape(
    samples: np.ndarray, shape: tuple[int, ...], what: str = "x", layer: str = ""
) -> np.ndarray:
    """The samples in the shape an Input layer expects; as in Keras a last axis of length 1 may be missing or extra.

    Parameters
    ----------
    samples
        (samples, ...)
    shape
        Of one sample.
    what, layer
        How the sentence calls the array and the Input layer.

    Raises
    ------
    core.errors.ShapeError
        It has another shape; the sentence says how to bring it into this one, if that is plain.
    """
    given = tuple(samples.shape[1:])
    if given in (shape, (*shape, 1)) or (*given, 1) == shape:
        return samples.reshape(len(samples), *shape)
    wanted = ", ".join(map(str, shape))
    reader = f" for Input {layer!r}" if layer else ""
    raise ShapeError(
        "Does not fit the data",
        f"{what} must have shape (samples, {wanted}){reader}; it has {tuple(samples.shape)}. "
        f"{_reshaping(samples, shape, what)}",
    )


def _reshaping(samples: np.ndarray, shape: tuple[int, ...], what: str) -> str:
    """The nearest way from one shape to the other."""
    given, sizes = tuple(samples.shape[1:]), ", ".join(map(str, shape))
    one = tuple(samples.shape)
    if one and (one in (shape, (*shape, 1)) or (*one, 1) == shape):
        return f"That is one sample without the axis of samples: give {what}[None]."
    if len(given) == 3 and (*given[1:], given[0]) == shape:
        return f"Its channels come first; bring them last with np.moveaxis({what}, 1, -1)."
    if prod(given) == prod(shape):
        return f"The numbers are as many: bring them into shape with {what}.reshape(-1, {sizes})."
    if len(shape) == 1 and samples.ndim == 2 and samples.shape[0] == shape[0]:
        return f"Samples are rows and features are columns: give {what}.T."
    sample = ", ".join(map(str, given)) + ("," if len(given) == 1 else "")
    return f"Start the model with Input(({sample})), or give other data."


def require_finite(found: np.ndarray, what: str) -> None:
    """Say so, with the row, if a number is NaN, infinite, or too large for float32.

    Raises
    ------
    core.errors.ChainruleError
        One is.
    """
    if found.dtype.kind != "f" or not found.size:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        # The sum of finite numbers is finite or too large; only then they are looked at one by one.
        if found.dtype == np.float32 and np.isfinite(found.sum()):
            return
        broken = ~np.isfinite(found.astype(np.float32).reshape(len(found), -1))
    rows = np.flatnonzero(broken.any(1))
    if not len(rows):
        return
    row = int(rows[0])
    value = found.reshape(len(found), -1)[row][broken[row]][0]
    kind = (
        "NaN, which is not a number"
        if np.isnan(value)
        else "an infinite number"
        if np.isinf(value)
        else f"{value:g}, too large for float32"
    )
    more = f" {len(rows):,} rows are like this." if len(rows) > 1 else ""
    raise ChainruleError(
        f"Row {row} of {what} holds {kind}.{more} Leave such rows out, or put a number there: the mean of the column, "
        "for example."
    )


def require_tokens(found: np.ndarray, vocabulary: int, what: str, layer: str) -> None:
    """Say so, with the row, if an Embedding layer has no place for a token.

    Raises
    ------
    core.errors.ChainruleError
        It is not a whole number, or outside the vocabulary.
    """
    if not found.size:
        return
    whole = found == np.floor(found) if found.dtype.kind == "f" else np.ones(found.shape, bool)
    outside = ~whole | (found < 0) | (found >= vocabulary)
    if not outside.any():
        return
    row = int(np.argwhere(outside)[0][0])
    token = found[outside].reshape(-1)[0]
    raise ChainruleError(
        f"Row {row} of {what} holds the token {token:g}, but Embedding {layer!r} has places for whole numbers from 0 "
        f"to {vocabulary - 1:,}. Number the tokens from 0, or raise input_dim (it is {vocabulary:,})."
    )


def input_advice(found: np.ndarray, what: str) -> str:
    """A hint about bytes, which networks learn from badly as they are; "" if there is none to give."""
    if found.dtype != np.uint8 or not found.size or found.max() <= 16:
        return ""
    return (
        f"{what} holds bytes up to {found.max()}, and networks learn best from numbers around 0 to 1: give "
        f"{what} / 255."
    )


def target_advice(found: np.ndarray, link: str, loss: str, what: str) -> str:
    """A hint about targets that are no probabilities where a cross-entropy compares such; "" if there is none to give.

    Parameters
    ----------
    found
        (samples, ...)
    link, loss
        The activation whose outputs the loss compares with the targets, and the loss's name.
    what
        How the sentence calls the array.
    """
    if link not in ("sigmoid", "softmax") or not found.size:
        return ""
    rows = found.reshape(len(found), -1)
    outside = ((rows < 0) | (rows > 1)).any(1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        value = rows[row][(rows[row] < 0) | (rows[row] > 1)][0]
        return (
            f"Row {row} of {what} holds {value:g}, but {loss} compares probabilities from 0 to 1. Number two classes 0 "
            "and 1; use sparse_categorical_crossentropy for more."
        )
    if link == "softmax" and found.ndim > 1 and found.shape[-1] > 1:
        sums = found.reshape(-1, found.shape[-1]).sum(1)
        odd = np.flatnonzero(np.abs(sums - 1) > 1e-3)
        if len(odd):
            row = int(odd[0]) * len(found) // len(sums)
            return (
                f"Row {row} of {what} adds up to {sums[odd[0]]:g}, but {loss} compares probabilities of classes that "
                "exclude each other, which add up to 1. Use binary_crossentropy if several can be true at once."
            )
    return ""


def require_equal_lengths(xs: list[np.ndarray], ys: list[np.ndarray]) -> None:
    """Say so if inputs and targets are not of the same samples."""
    lengths = [len(item) for item in (*xs, *ys)]
    if len(set(lengths)) > 1:
        counts = " and ".join(f"{n:,}" for n in lengths)
        raise ChainruleError(
            f"Every sample needs its inputs and its target, but x and y have {counts} samples."
        )


def weight_values(
    value: Any, shape: tuple[int, ...], name: str, *, finite: bool = True
) -> np.ndarray:
    """New numbers for a weight; with `finite` none may be NaN, infinite, or too large for float32."""
    found = numbers_of(value, name) if shape else np.asarray(value)
    if found.shape != shape:
        raise ChainruleError(f"{name} has shape {shape}; the given values have {found.shape}.")
    with np.errstate(over="ignore"):
        values = found.astype(np.float32)
    broken = ~np.isfinite(values)
    if finite and broken.any():
        cell = tuple(int(k) for k in np.argwhere(broken)[0])
        where = f" at {cell}" if cell else ""
        raise ChainruleError(
            f"{name} must hold numbers that float32 can hold; {float(found[cell]):g} is given{where}."
        )
    return values


def loudness(verbose: Any, owner: str = "") -> int | str:
    """`verbose` of Keras, of what `owner` names: 0 and None are silent, 1, 2 and "auto" say something.

    Raises
    ------
    core.errors.SettingError
        It is something else.
    """
    if isinstance(verbose, str) and verbose == "auto":
        return verbose
    if verbose is None:
        return 0
    if isinstance(verbose, (bool, np.bool_, numbers.Integral)) and int(verbose) >= 0:
        return int(verbose)
    title = f"{owner}: verbose" if owner else "Verbose"
    raise SettingError(f'{title} must be 0, 1, 2 or "auto"; it is {verbose!r}.', "verbose")


def require_names(given: Iterable[Any], known: Iterable[str]) -> None:
    """Say so, with the closest name, if one is not the name of a weight.

    Raises
    ------
    core.errors.ChainruleError
        One is not.
    """
    names = list(known)
    for name in given:
        if name not in names:
            raise ChainruleError(unknown("weight", str(name), names))


def _not_numbers(found: np.ndarray, what: str) -> str:
    """Why an array of Python objects is none of numbers."""
    for place, item in np.ndenumerate(found):
        if isinstance(item, str) and what.startswith("y"):
            return f"{what} must be numbers, but holds {item!r}.{_numbering(what)}"
        if item is None or isinstance(item, str):
            row = f"Row {place[0]} of {what}" if place else what
            return f"{row} holds {item!r}, which is not a number. Leave the row out, or put a number there."
        if isinstance(item, int) and not isinstance(item, bool) and abs(item) >= 2**63:
            return (
                f"Row {place[0]} of {what} holds a whole number of more than 63 bits."
                if place
                else _ragged(what)
            )
    return _ragged(what)


def _numbering(what: str) -> str:
    """How labels that are text become numbers."""
    if not what.startswith("y"):
        return ""
    return f" Number the classes from 0: names, {what} = np.unique({what}, return_inverse=True)."


def _ragged(what: str) -> str:
    return f"{what} must be numbers in rows of one length; the given ones do not form an array."


def batch_of(batch_size: Any) -> int:
    """A number of samples; as in Keras None is 32."""
    from core.spec.training import check_whole

    return 32 if batch_size is None else check_whole("batch_size", batch_size, 1)


def refuse_steps(steps_per_epoch: Any) -> None:
    """Say so if an epoch is to be something else than one pass over the data.

    Raises
    ------
    core.errors.SettingError
        It is.
    """
    if steps_per_epoch is not None:
        message = (
            "fit takes no steps_per_epoch: an epoch is one pass over the data. Give fewer samples."
        )
        raise SettingError(message, "steps_per_epoch")


def epochs_to_measure(validation_freq: Any) -> Callable[[int], bool]:
    """Which epochs (from 1) validation follows: every so many, or those of a list.

    Raises
    ------
    core.errors.SettingError
        It is neither.
    """
    given = validation_freq
    if isinstance(given, (list, tuple, set, range)):
        chosen = set(given)
        return lambda epoch: epoch in chosen
    if not isinstance(given, bool) and isinstance(given, numbers.Integral) and int(given) >= 1:
        every = int(given)
        return lambda epoch: epoch % every == 0
    message = f"validation_freq must be a whole number of at least 1, or a list of epochs; it is {given!r}."
    raise SettingError(message, "validation_freq")


#: What Keras's `compile`, `fit` and `evaluate` take and these do not, and what to do.
def weight_advice(least: float, what: str) -> str:
    """The sentence about weights of samples of which one is negative; "" if none is.

    They are not refused: Keras takes them, and policy gradients weigh steps by an advantage of either sign.
    """
    if not least < 0:
        return ""
    return (
        f"{what} holds negative numbers (down to {least:g}): training makes the loss of these samples larger, without "
        f"end. Give numbers from 0 on, unless that is meant."
    )


#: Arguments of Keras's `compile` that say how it is computed, with the values that change nothing here.
_HARMLESS: dict[str, tuple[tuple[Any, ...], str]] = {
    "run_eagerly": ((False, None), "Leave it out; model.program() shows every step."),
    "steps_per_execution": ((1, None), "Leave it out."),
    "jit_compile": (("auto", True, False, None), "Leave it out: everything is compiled."),
    "auto_scale_loss": ((True, False, None), "Leave it out: all numbers are float32."),
}


def require_harmless(**given: Any) -> None:
    """Say so if `compile` is asked to compute in a way that is not here.

    Raises
    ------
    core.errors.SettingError
        A value would change something.
    """
    for key, value in given.items():
        harmless, instead = _HARMLESS[key]
        plain = value is None or isinstance(value, (str, int, np.bool_, np.integer))
        if not plain or value not in harmless:
            known = " or ".join(repr(one) for one in harmless if one is not None)
            raise SettingError(
                f"compile: {key} can only be {known}; it is {value!r}. {instead}", key
            )


def refuse_others(function: Any, wrong: dict[str, Any]) -> None:
    """Say so if `function` of a model is given arguments it does not have.

    Raises
    ------
    core.errors.SettingError
        It is; the sentence has the closest name.
    """
    for key in wrong:
        what = function.__name__
        known = [
            one for one in inspect.signature(function).parameters if one not in ("self", "wrong")
        ]
        raise SettingError(no_argument(what, key, known, "It takes"), key)
