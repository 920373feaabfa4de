"""What happens in training only: dropout and noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import ShapeError
from core.layers.base import Layer, Shape
from core.layers.integers import SizesSetting
from core.layers.settings import DATA_FORMAT, Setting
from core.layers.wording import given as words

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

RATE = Setting(
    "rate", "Rate", "float", 0.5, 0.0, 1.0, 0.05, required=True,
    help="Share of values set to zero in each training step; the rest are scaled up to make up for it.",
)  # fmt: skip
SEED = Setting(
    "seed", "Seed", "int", None, 0, 2**62, optional=True,
    help="Start of this layer's own chance; none means that of the run.",
)  # fmt: skip


class _Dropout(Layer):
    """What the kinds of dropout share: a mask is drawn, and multiplied with what comes in."""

    family = "Core"
    icon = "dropout"
    passes_mask = True

    def shared(self, shape: Shape) -> tuple[int, ...]:
        """The shape of the draws, the batch first: 1 for all samples together, else any other number."""
        return (0, *shape)

    def output_shape(self, shapes: list[Shape]) -> Shape:
        self.shared(shapes[0])
        return shapes[0]

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, rate, seed = inputs[0], self["rate"], self["seed"]
        if not e.training or rate == 0:
            return x
        shared = self.shared(x.shape)
        if shared == (0, *x.shape):
            mask = e.op("dropout_mask", x, role="mask", rate=rate, seed=seed)
        else:
            mask = e.op("shared_dropout_mask", x, role="mask", rate=rate, seed=seed, shared=shared)
        return e.op("multiply", x, mask, role="a")

    def describe(self) -> tuple[str, str]:
        return (f"rate {self['rate']:g}", "training only")


class Dropout(_Dropout):
    """``y = x ∘ mask / (1 - rate)`` while training, ``y = x`` otherwise.

    With `noise_shape` one draw serves all places along the axes whose number is 1; its first number is the batch, None
    means "as many as there are". Source: Srivastava et al. 2014; Keras ``Dropout``.
    """

    summary = (
        "While training, silences a random share of values so that none becomes indispensable."
    )
    settings = (
        RATE,
        SizesSetting("noise_shape", "Noise shape", "sizes", None, 1, 2**31, optional=True,
                     help="Shape of the mask, the batch first: 1 where one draw serves a whole axis, empty for all."),
        SEED,
    )  # fmt: skip

    def shared(self, shape: Shape) -> tuple[int, ...]:
        given = self["noise_shape"]
        if given is None:
            return super().shared(shape)
        whole = (0, *shape)
        fits = len(given) <= len(whole)
        # As NumPy broadcasts: a shorter shape belongs to the last axes, in which the batch cannot be meant.
        sizes: list[Any] = [1] * (len(whole) - len(given)) + [
            n if n is not None else (whole[k] or None) if fits else None
            for k, n in enumerate(given)
        ]
        if len(given) == len(whole) and sizes[0] != 1:
            sizes[0] = 0
        if not fits or any(n not in (1, m) for n, m in zip(sizes[1:], shape, strict=True)):
            wanted = ", ".join(["batch", *map(str, shape)])
            raise ShapeError(
                "Mask of another shape",
                f"Dropout's noise_shape {tuple(given)} does not fit ({wanted}): each number must be 1 or the axis's "
                "own, with None for as many as there are.",
            )
        return tuple(sizes)


class SpatialDropout1D(_Dropout):
    """Dropout of whole channels of a sequence. Source: Tompson et al. 2015; Keras ``SpatialDropout1D``."""

    family = "Regularisation"
    summary = "While training, silences whole channels of a sequence, at all time steps at once."
    settings = (RATE, SEED)

    def shared(self, shape: Shape) -> tuple[int, ...]:
        if len(shape) != 2:
            raise ShapeError(
                "Needs a sequence",
                f"SpatialDropout1D needs a sequence (time, channels) but gets {words(shape)}. Use Dropout for lists, "
                "SpatialDropout2D for images.",
            )
        return (0, 1, shape[1])


class SpatialDropout2D(_Dropout):
    """Dropout of whole channels of an image. Source: Tompson et al. 2015; Keras ``SpatialDropout2D``."""

    family = "Regularisation"
    summary = "While training, silences whole channels of an image: neighbouring pixels cannot stand in for each other."
    settings = (
        RATE,
        DATA_FORMAT,
        SEED,
    )  # fmt: skip

    def shared(self, shape: Shape) -> tuple[int, ...]:
        if len(shape) != 3:
            raise ShapeError(
                "Needs an image",
                f"SpatialDropout2D needs an image (height, width, channels) but gets {words(shape)}. Use Dropout for "
                "lists, SpatialDropout1D for sequences.",
            )
        return (0, 1, 1, shape[2])


class GaussianNoise(Layer):
    """``y = x + N(0, stddev²)`` while training, ``y = x`` otherwise. Source: Keras ``GaussianNoise``."""

    family = "Regularisation"
    summary = "While training, adds a little normal noise to every value, so that none is learned by heart."
    icon = "dropout"
    passes_mask = True
    settings = (
        Setting("stddev", "Deviation", "float", 0.1, 0.0, 1.0, 0.05, required=True,
                help="Standard deviation of the noise."),
        SEED,
    )  # fmt: skip

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        if not e.training or self["stddev"] == 0:
            return x
        noise = e.op("gaussian_noise", x, role="noise", deviation=self["stddev"], seed=self["seed"])
        return e.op("add", x, noise, role="a")

    def describe(self) -> tuple[str, str]:
        return (f"deviation {self['stddev']:g}", "training only")
