"""Why does the network say so? Attribution under Captum's names and defaults, feature maps, activation maximisation.

Results are shaped like `x`, one sample or several; a class is explained by its value before the softmax, or by what
comes out of it with ``on="probability"``.

>>> import numpy as np
>>> import core
>>> from core import explain, layers
>>> model = core.Sequential([core.Input((6, 6, 1)), layers.Conv2D(2, 3, activation="relu", name="conv"),
...                          layers.Flatten(), layers.Dense(3, activation="softmax")], seed=0)
>>> x = np.linspace(0, 1, 36).reshape(6, 6, 1)
>>> explain.saliency(model, x, 2).shape
(6, 6, 1)
>>> explain.grad_cam(model, x, 2, "conv").shape
(6, 6)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from core import arguments
from core.checked import yes_or_no
from core.errors import ChainruleError
from core.explain import gradients
from core.explain.class_maps import grad_cam as _grad_cam
from core.explain.class_maps import last_convolution, upsampled
from core.explain.curves import Curve
from core.explain.curves import curve as _curve
from core.explain.explainer import Explainer
from core.explain.maximization import activation_maximization as _maximize
from core.explain.maximization import channel_explainer
from core.explain.occluding import occlusion as _occlusion
from core.explain.progress import Progress, last
from core.explain.randomization import Randomized
from core.explain.randomization import cascading_randomization as _randomize
from core.explain.score import Score, class_indices, score_of

if TYPE_CHECKING:
    from core.model import Model

__all__ = [
    "Curve", "Explainer", "Progress", "Randomized", "Score", "activation_maximization", "cascading_randomization",
    "deletion", "feature_maps", "grad_cam", "guided_backprop", "input_x_gradient", "insertion", "integrated_gradients",
    "occlusion", "saliency", "score_of", "smooth_grad",
]  # fmt: skip

_explainers: WeakKeyDictionary[Any, Explainer] = WeakKeyDictionary()


def explainer(model: Model) -> Explainer:
    """What explains a model with the weights it has now; made once and kept while the model keeps its layers."""
    found = _explainers.get(model)
    if found is None or found.network is not model.network:
        found = Explainer(model.network)
        _explainers[model] = found
    found.set_weights(model._weights())
    return found


def saliency(
    model: Model,
    x: Any,
    class_index: Any = None,
    *,
    abs: bool = True,  # noqa: A002 - Captum's name
    on: str = "score",
    against: Any = None,
) -> np.ndarray:
    """``|∂s/∂x|``: how much a class's score moves with each number of the input (Simonyan et al. 2013).

    Parameters
    ----------
    model
        With one input and one list of numbers as its output.
    x
        A sample, or several: (rows, ...).
    class_index
        The class, or one for each sample; by default the one the model takes each sample for.
    abs
        Without it the gradient keeps its sign.
    on
        ``"score"``: before the softmax; ``"probability"``: behind it.
    against
        Another class: then it is by how much `class_index` is ahead of this one.

    Returns
    -------
    Shaped like `x`, float32.

    Raises
    ------
    core.errors.ChainruleError
        `x` does not fit, or the class is not there.
    """
    keep_sign = not yes_or_no("abs", abs)
    return _each(
        model, x, class_index, on, against,
        lambda of, xs, score: gradients.saliency(of, xs, score, abs=not keep_sign),
    )  # fmt: skip


def input_x_gradient(
    model: Model, x: Any, class_index: Any = None, *, on: str = "score", against: Any = None
) -> np.ndarray:
    """``x ∂s/∂x`` (Shrikumar et al. 2016). Arguments and result are those of `saliency`."""
    return _each(model, x, class_index, on, against, gradients.input_x_gradient)


def guided_backprop(
    model: Model, x: Any, class_index: Any = None, *, on: str = "score", against: Any = None
) -> np.ndarray:
    """The gradient that passes each ReLU only where it is positive (Springenberg et al. 2014), with its sign.

    Arguments and result are those of `saliency`.
    """
    return _each(model, x, class_index, on, against, gradients.guided_backprop)


def smooth_grad(
    model: Model,
    x: Any,
    class_index: Any = None,
    *,
    nt_samples: int = 5,
    stdevs: float = 1.0,
    nt_type: str = "smoothgrad",
    abs: bool = True,  # noqa: A002 - Captum's name
    seed: int = 0,
    noise: Any = None,
    on: str = "score",
    against: Any = None,
) -> np.ndarray:
    """The mean saliency of noisy copies of the input (Smilkov et al. 2017).

    What is not told here is as in `saliency`.

    Parameters
    ----------
    nt_samples, stdevs, nt_type
        How many copies, the standard deviation of their noise, and what is made of them: "smoothgrad" (the mean),
        "smoothgrad_sq" (of squares), "vargrad" (the variance).
    seed
        Of the noise: the same seed gives the same result.
    noise
        (rows, nt_samples, ...), or (nt_samples, ...) for one sample: this noise instead.
    """
    keep_sign = not yes_or_no("abs", abs)
    given = None if noise is None else np.asarray(noise)

    def one(of: Explainer, xs: np.ndarray, score: Score, rows: np.ndarray) -> np.ndarray:
        own = None
        if given is not None:
            own = given[rows] if given.ndim == xs.ndim + 1 else given[None]
        return last(
            gradients.smooth_grad(
                of, xs, score, nt_samples=nt_samples, stdevs=stdevs, nt_type=nt_type, abs=not keep_sign, seed=seed,
                noise=own,
            )
        )  # fmt: skip

    return _each(model, x, class_index, on, against, one, rows=True)


def integrated_gradients(
    model: Model,
    x: Any,
    class_index: Any = None,
    *,
    baselines: Any = 0.0,
    n_steps: int = 50,
    method: str = "gausslegendre",
    multiply_by_inputs: bool = True,
    return_convergence_delta: bool = False,
    on: str = "score",
    against: Any = None,
) -> Any:
    """``(x - x') ∫ ∂s/∂x dα`` along the way from a baseline x' to x (Sundararajan et al. 2017).

    What is not told here is as in `saliency`.

    Parameters
    ----------
    baselines
        x': a number, or an array like one sample or like `x`.
    n_steps, method
        Points of the way, and how they are chosen: "gausslegendre", "riemann_trapezoid", "riemann_left",
        "riemann_middle", "riemann_right".
    multiply_by_inputs
        Without it: the mean gradient of the way.
    return_convergence_delta
        With it: (attributions, delta), where delta is by how much the attributions of each sample miss the difference
        of the scores at x and x'.
    """
    deltas: list[tuple[np.ndarray, np.ndarray]] = []

    def one(of: Explainer, xs: np.ndarray, score: Score, rows: np.ndarray) -> np.ndarray:
        start = np.asarray(baselines)
        if start.ndim == xs.ndim:
            start = start[rows]
        found = last(
            gradients.integrated_gradients(
                of, xs, score, baselines=start, n_steps=n_steps, method=method,
                multiply_by_inputs=multiply_by_inputs,
            )
        )  # fmt: skip
        deltas.append((rows, found.delta))
        return found.attributions

    found = _each(model, x, class_index, on, against, one, rows=True)
    if not return_convergence_delta:
        return found
    delta = np.zeros(sum(len(rows) for rows, _ in deltas))
    for rows, values in deltas:
        delta[rows] = values
    return found, delta


def occlusion(
    model: Model,
    x: Any,
    class_index: Any = None,
    window: Any = (3, 3),
    strides: Any = (1, 1),
    baseline: Any = 0.0,
    *,
    on: str = "score",
    against: Any = None,
) -> np.ndarray:
    """How much the score falls when a window is hidden; windows that overlap are averaged, as Captum does.

    What is not told here is as in `saliency`.

    Parameters
    ----------
    window, strides
        Height and width in pixels; one number for both.
    baseline
        What hides: a number, or an array like one sample or like `x`.
    """

    def one(of: Explainer, xs: np.ndarray, score: Score, rows: np.ndarray) -> np.ndarray:
        hidden = np.asarray(baseline)
        if hidden.ndim == xs.ndim:
            hidden = hidden[rows]
        return last(
            _occlusion(of, xs, score, window=window, strides=strides, baseline=hidden)
        ).attributions

    return _each(model, x, class_index, on, against, one, rows=True)


def grad_cam(
    model: Model,
    x: Any,
    class_index: Any = None,
    layer: Any = None,
    *,
    relu: bool = True,
    upsample: bool = True,
    interpolate_mode: str = "nearest",
    on: str = "score",
    against: Any = None,
) -> np.ndarray:
    """Which places of a layer's maps speak for a class (Selvaraju et al. 2017).

    What is not told here is as in `saliency`.

    Parameters
    ----------
    layer
        A layer with maps, or its name; by default the last convolution.
    relu
        Without it what speaks against the class is kept as negative numbers.
    upsample
        In the height and width of the input; without it in those of the layer.
    interpolate_mode
        "nearest" or "bilinear".

    Returns
    -------
    (height, width), or (rows, height, width) for several samples.
    """
    chosen = None if layer is None else _layer_id(model, layer)

    def one(of: Explainer, xs: np.ndarray, score: Score) -> np.ndarray:
        found = _grad_cam(of, xs, score, chosen or last_convolution(of), relu=relu)
        return upsampled(found, of, interpolate_mode) if upsample else found.maps

    return _each(model, x, class_index, on, against, one)


def feature_maps(model: Model, x: Any) -> dict[str, np.ndarray]:
    """The output of every layer by its name, the input first.

    Returns
    -------
    Arrays (...) for one sample, (rows, ...) for several.
    """
    of = explainer(model)
    xs, single = _samples(of, x)
    names = {layer.id: layer.name for layer in model.network.layers}
    found = {names[layer]: values for layer, values in of.layer_outputs(xs).items()}
    return {name: values[0] for name, values in found.items()} if single else found


def activation_maximization(model: Model, layer: Any, channel: int, **settings: Any) -> np.ndarray:
    """The input a channel of a layer answers to most strongly (Erhan et al. 2009).

    Parameters
    ----------
    layer
        A layer or its name.
    channel
        Which of its channels, from 0.
    settings
        Those of `core.explain.maximization.activation_maximization`: steps, learning_rate, l2, total_variation, jitter,
        blur_every, low, high, seed, start.

    Returns
    -------
    Shape of one input.
    """
    of = explainer(model)
    channels = channel_explainer(of, _layer_id(model, layer))
    return last(_maximize(channels, channel, **settings)).image


def deletion(
    model: Model, x: Any, attributions: Any, class_index: Any, *, baseline: Any = 0.0, points: int = 50,
    on: str = "probability",
) -> Curve:  # fmt: skip
    """What the class's probability does while the pixels a map calls strongest go first (Petsiuk et al. 2018).

    Parameters
    ----------
    x
        One sample.
    attributions
        Like `x`, or without its channels.
    class_index, on
        As in `saliency`.
    baseline
        What pixels are replaced by.
    points
        Into how many parts the way is cut.
    """
    return _changed(model, x, attributions, class_index, on, "deletion", baseline, points)


def insertion(
    model: Model, x: Any, attributions: Any, class_index: Any, *, baseline: Any = 0.0, points: int = 50,
    on: str = "probability",
) -> Curve:  # fmt: skip
    """What the class's probability does while the pixels a map calls strongest come first. See `deletion`."""
    return _changed(model, x, attributions, class_index, on, "insertion", baseline, points)


def cascading_randomization(
    model: Model, method: Callable[[Explainer], np.ndarray], *, seed: int = 0
) -> tuple[Randomized, ...]:
    """A map while the layers forget what they learned, from the output towards the input (Adebayo et al. 2018).

    Parameters
    ----------
    method
        Makes the map: ``lambda of: gradients.saliency(of, x[None], Score(3))``.
    seed
        Of the random weights.
    """
    return last(_randomize(explainer(model), method, seed=seed))


# ---- what a learner hands over --------------------------------------------------------------------------------------


def _samples(of: Explainer, x: Any) -> tuple[np.ndarray, bool]:
    """(rows, ...) in the network's numbers, and whether one sample was given."""
    given = arguments.numbers_of(x, "x")
    shape = of.input_shape
    single = given.shape in (shape, shape[:-1] if shape and shape[-1] == 1 else shape)
    found = arguments.require_shape(given[None] if single else given, shape)
    arguments.require_finite(found, "x")
    if not len(found):
        message = "There is no sample to explain."
        raise ChainruleError(message)
    return np.ascontiguousarray(found, of.dtype), single


def _layer_id(model: Model, layer: Any) -> str:
    found = model.get_layer(layer) if isinstance(layer, str) else layer
    try:
        return str(model._ids[id(found)])
    except KeyError:
        message = f"{layer!r} is no layer of this model; give one of model.layers, or its name."
        raise ChainruleError(message) from None


def _each(
    model: Model,
    x: Any,
    class_index: Any,
    on: Any,
    against: Any,
    method: Any,
    *,
    rows: bool = False,
) -> np.ndarray:
    """Explain samples that are of one class together."""
    of = explainer(model)
    xs, single = _samples(of, x)
    if class_index is None:
        classes: list[Any] = of.outputs(xs).argmax(1).tolist()
    else:
        classes = class_indices(class_index, len(xs))
    scores = [score_of(one, of.classes, on, against) for one in classes]
    made: np.ndarray | None = None
    for score in dict.fromkeys(scores):
        own = np.array([k for k, other in enumerate(scores) if other == score])
        found = method(of, xs[own], score, own) if rows else method(of, xs[own], score)
        if made is None:
            made = np.zeros((len(xs), *found.shape[1:]), found.dtype)
        made[own] = found
    assert made is not None
    if single:
        made = made[0]
    # A sample given without its last axis of length 1 comes back as it came.
    size = np.shape(x)
    return made.reshape(size) if made.size == np.prod(size) and made.ndim >= len(size) else made


def _changed(
    model: Model,
    x: Any,
    attributions: Any,
    class_index: Any,
    on: Any,
    way: str,
    baseline: Any,
    points: int,
) -> Curve:
    of = explainer(model)
    xs, _ = _samples(of, x)
    if len(xs) != 1:
        message = f"{way} is of one sample; {len(xs)} are given."
        raise ChainruleError(message)
    score = score_of(class_index, of.classes, on)
    map_ = np.asarray(attributions)
    if map_.shape != of.input_shape and map_.size == np.prod(of.input_shape):
        map_ = map_.reshape(of.input_shape)
    return last(_curve(of, xs[0], map_, score, way=way, baseline=baseline, points=points))
