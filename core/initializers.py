"""Starting values of weights, under their Keras names. Drawn from a counter-based generator keyed by seed and name."""

from __future__ import annotations

import zlib
from math import prod, sqrt
from typing import TYPE_CHECKING, Any, ClassVar

from core.errors import SettingError
from core.naming import no_attribute
from core.objects import Configured, Document, find, listed, lower_case, real, seed_of
from core.objects import names as names_of

if TYPE_CHECKING:
    import numpy as np

Shape = tuple[int, ...]

#: Standard deviation of a standard normal distribution cut off at two deviations; Keras divides by it.
_TRUNCATED = 0.87962566103423978


def fans(shape: Shape) -> tuple[float, float]:
    """(inputs, outputs) of one unit.

    For a convolution, places of the kernel times channels (Glorot and Bengio 2010).
    """
    if len(shape) < 2:
        return (float(shape[0]) if shape else 1.0,) * 2
    places = prod(shape[:-2])
    return float(shape[-2] * places), float(shape[-1] * places)


class Initializer(Configured):
    """Base of the initializers. Calling one gives values: ``GlorotUniform()((784, 10))``.

    One with a `seed` of its own gives the same values for every weight of a shape. Without, values depend on the
    model's seed and on the weight's name.
    """

    what = "initializer"
    aliases: ClassVar[dict[str, str]] = {
        "zero": "zeros",
        "one": "ones",
        "normal": "random_normal",
        "uniform": "random_uniform",
        "IdentityInitializer": "identity",
        "OrthogonalInitializer": "orthogonal",
    }
    seed: int | None = None

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Values of this shape, in float64."""
        raise NotImplementedError

    def check(self, shape: Shape) -> None:
        """Say so if no weight of this shape can start so.

        Raises
        ------
        core.errors.SettingError
            It cannot.
        """

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Values of this shape: the same whenever called."""
        return draw(self, tuple(shape), 0, "").astype(dtype or "float32")


class Zeros(Initializer):
    """Zeros, the usual start of biases."""

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        import numpy as np

        return np.zeros(shape)


class Ones(Initializer):
    """Ones."""

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        import numpy as np

        return np.ones(shape)


class Constant(Initializer):
    """The same number everywhere, or given numbers: a list of lists stretched to the weight's shape, as Keras does."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = _given(self, value)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        import numpy as np

        self.check(shape)
        return np.full(shape, self.value)

    def check(self, shape: Shape) -> None:
        own = _extent(self.value)
        # As arrays are stretched: missing axes in front, axes of one number along the weight's.
        fits = len(own) <= len(shape) and all(
            a in (1, b) for a, b in zip(own[::-1], shape[::-1], strict=False)
        )
        if not fits:
            raise SettingError(
                f"Constant was given numbers of shape {own}, but this weight has shape {shape}. Give a number for "
                "each of its cells, or one number for all.",
                "value",
            )


def _given(owner: Configured, value: Any) -> Any:
    """A number, or numbers in lists of equal length."""
    if not isinstance(value, (list, tuple)) and not hasattr(value, "tolist"):
        return real(owner, "value", value)
    plain = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(plain, (list, tuple)):
        return real(owner, "value", plain)
    made = [_given(owner, one) for one in plain]
    if not made or len({_extent(one) for one in made}) > 1:
        raise SettingError(
            "Constant: value must be a number, or lists of numbers that are equally long and not empty; it is "
            f"{value!r}.",
            "value",
        )
    return made


def _extent(value: Any) -> Shape:
    return (len(value), *_extent(value[0])) if isinstance(value, list) else ()


class RandomNormal(Initializer):
    """Numbers of a normal distribution."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = real(self, "mean", mean)
        self.stddev = real(self, "stddev", stddev, 0.0)
        self.seed = seed_of(self, seed)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return rng.normal(self.mean, self.stddev, shape)


class RandomUniform(Initializer):
    """Numbers anywhere between two, each as likely as the other."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval = real(self, "minval", minval)
        self.maxval = real(self, "maxval", maxval)
        if self.maxval < self.minval:
            raise SettingError(
                f"RandomUniform: maxval must be at least minval; they are {maxval!r} and {minval!r}.",
                "maxval",
            )
        self.seed = seed_of(self, seed)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return rng.uniform(self.minval, self.maxval, shape)


class TruncatedNormal(Initializer):
    """Numbers of a normal distribution; those beyond two deviations are drawn again.

    As in Keras, `stddev` is that of the distribution before it is cut: what remains varies a little less.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = real(self, "mean", mean)
        self.stddev = real(self, "stddev", stddev, 0.0)
        self.seed = seed_of(self, seed)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return self.mean + self.stddev * _truncated(rng, shape)


class VarianceScaling(Initializer):
    """Numbers with variance ``scale / n``, where n counts a unit's inputs, its outputs, or is the mean of both.

    Source: He et al. 2015 for the general form; `GlorotUniform` and the others are special cases.
    """

    options: ClassVar[dict[str, tuple[str, ...]]] = {
        "mode": ("fan_in", "fan_out", "fan_avg"),
        "distribution": ("truncated_normal", "untruncated_normal", "uniform"),
    }

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        self.scale = real(self, "scale", scale)
        if self.scale <= 0:
            raise SettingError(
                f"VarianceScaling: scale must be more than 0; it is {scale!r}.", "scale"
            )
        # Keras calls it so in its oldest documents.
        distribution = "truncated_normal" if distribution == "normal" else distribution
        for name, value in (("mode", mode), ("distribution", distribution)):
            options = self.options[name]
            if value not in options:
                raise SettingError(
                    f"VarianceScaling: {name} must be one of {', '.join(options)}; it is {value!r}.",
                    name,
                )
        self.mode, self.distribution = mode, distribution
        self.seed = seed_of(self, seed)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        inputs, outputs = fans(shape)
        n = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = sqrt(3 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0, sqrt(variance), shape)
        return _truncated(rng, shape) * (sqrt(variance) / _TRUNCATED)


class _Scaled(VarianceScaling):
    """A special case with a name: its only argument is the seed."""

    _case: ClassVar[tuple[float, str, str]] = (1.0, "fan_in", "uniform")

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self._case, seed=seed)


class GlorotUniform(_Scaled):
    """Uniform within ``±√(6 / (inputs + outputs))``. Glorot (Xavier) and Bengio 2010."""

    _case = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal with variance ``2 / (inputs + outputs)``. Glorot (Xavier) and Bengio 2010."""

    _case = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform within ``±√(6 / inputs)``: suits ReLU, which lets half through. He et al. 2015."""

    _case = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal with variance ``2 / inputs``. He et al. 2015."""

    _case = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform within ``±√(3 / inputs)``. LeCun et al. 1998; suits SELU."""

    _case = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal with variance ``1 / inputs``. LeCun et al. 1998; suits SELU."""

    _case = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Initializer):
    """Columns (or rows, if there are fewer) of length `gain` at right angles: keeps the lengths of what passes.

    Saxe et al. 2014: the Q of a QR decomposition of normal numbers, signs made unique. Axes before the last count as
    one.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = real(self, "gain", gain)
        self.seed = seed_of(self, seed)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        import numpy as np

        self.check(shape)
        rows, columns = prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)

    def check(self, shape: Shape) -> None:
        if len(shape) < 2:
            raise SettingError(
                "Orthogonal needs a weight of at least two axes, such as a kernel; this one has shape "
                f"{shape}. Zeros suits biases."
            )


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere: the layer starts by passing its input on."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = real(self, "gain", gain)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        import numpy as np

        self.check(shape)
        rows, columns = shape
        return self.gain * np.eye(rows, columns)

    def check(self, shape: Shape) -> None:
        if len(shape) != 2:
            raise SettingError(
                f"Identity starts a matrix, a weight of two axes; this one has shape {shape}. Choose another "
                "initializer."
            )


class LstmForgetBias(Initializer):
    """Another initializer, with ones for the forget gate, the second quarter (Jozefowicz et al. 2015)."""

    public = False

    def __init__(self, bias_initializer: Any = "zeros") -> None:
        self.bias_initializer = document(bias_initializer)

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        units = shape[0] // 4
        # The other three are drawn for themselves, as Keras does, because a spread may depend on the shape.
        out = get("ones").values(rng, shape)
        out[:units] = self._drawn(rng, (units,))
        out[2 * units :] = self._drawn(rng, (2 * units,))
        return out

    def check(self, shape: Shape) -> None:
        get(self.bias_initializer).check((shape[0] // 4,))

    def _drawn(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return get(self.bias_initializer).values(rng, shape)


def _truncated(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    import numpy as np

    values = rng.standard_normal(shape)
    outside = np.abs(values) > 2
    while outside.any():
        values[outside] = rng.standard_normal(int(outside.sum()))
        outside = np.abs(values) > 2
    return np.asarray(values)


def names() -> tuple[str, ...]:
    """Names of all initializers a learner can choose."""
    return names_of(Initializer)


def get(identifier: Any) -> Initializer:
    """An initializer by name, as ``{"class_name", "config"}``, as a class, or the one given; None is Keras's default.

    Raises
    ------
    core.errors.SettingError
        There is no such initializer.
    """
    return find(Initializer, "glorot_uniform" if identifier is None else identifier)


def document(identifier: Any) -> Document:
    """An initializer as documents hold it: its name, or ``{"class_name", "config"}`` if it has other arguments."""
    return get(identifier).to_document()


def check(identifier: Any, shape: Shape, role: str) -> None:
    """Say so, with the weight's role, if it cannot start so.

    Raises
    ------
    core.errors.SettingError
        It cannot; the setting is the one Keras names after the role.
    """
    try:
        get(identifier).check(shape)
    except SettingError as error:
        name = f"{role.rsplit('/', 1)[-1].removesuffix('_kernel')}_initializer"
        raise SettingError(f"its {role}: {error}", name) from error


def draw(identifier: Any, shape: Shape, seed: int, key: str) -> np.ndarray:
    """Values for a weight: the same for the same seed and key, whatever else the network holds.

    Parameters
    ----------
    identifier
        The initializer: name, document or object.
    shape
        Of the weight, as Keras stores it.
    seed
        Of the run. An initializer with a seed of its own ignores it, and `key`.
    key
        The weight's name.
    """
    import numpy as np

    chosen = get(identifier)
    try:
        chosen.check(shape)
    except SettingError as error:
        raise SettingError(f"{key}: {error}" if key else str(error)) from error
    start = [seed & (2**64 - 1), zlib.crc32(key.encode())]
    if chosen.seed is not None:
        start = [chosen.seed, 0]
    rng = np.random.Generator(np.random.Philox(key=start))
    return chosen.values(rng, shape).astype(np.float32)


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """The classes' lower-case names, which Keras has too; else say what was probably meant."""
        found = lower_case(Initializer, name)
        if found is None:
            raise no_attribute("core.initializers", name, listed(Initializer))
        return found


def __dir__() -> list[str]:
    return sorted([*listed(Initializer), "Initializer", "get", "names"])
