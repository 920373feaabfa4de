"""The methods of attribution: what each says, and its settings under Captum's names, with where the panel begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from app.bus import CommandError
from app.text import tr
from core.explain.gradients import NOISE_TUNNELS
from core.explain.quadrature import METHODS as INTEGRALS
from core.explain.resizing import MODES


@dataclass(frozen=True)
class Setting:
    """A setting of a method.

    Attributes
    ----------
    name
        As `core.explain` and Captum call it.
    label, tip
        For people.
    default
        Captum's.
    start
        What the panel begins with, where Captum's default is not made for images from 0 to 1.
    low, high, step
        Of numbers; with a whole `step` they are whole.
    choices
        Of words.
    """

    name: str
    label: str
    tip: str
    default: Any
    start: Any
    low: float = 0.0
    high: float = 0.0
    step: float = 1
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> None:
        """Refuse what it cannot be.

        Raises
        ------
        CommandError
            With a sentence.
        """
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise CommandError(
                    tr("{name} is on or off; it is {value}.", name=self.name, value=repr(value))
                )
        elif isinstance(self.default, str):
            if not isinstance(value, str) or (self.choices and value not in self.choices):
                known = ", ".join(self.choices)
                raise CommandError(
                    tr(
                        "{name} is one of {known}; it is {value}.",
                        name=self.name,
                        known=known,
                        value=repr(value),
                    )
                )
        else:
            whole = isinstance(self.step, int)
            good = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
            if not good or not isfinite(value) or not self.low <= value <= self.high:
                words = tr("a whole number") if whole else tr("a number")
                raise CommandError(
                    tr("{name} is {kind} from {low:g} to {high:g}; it is {value}.", name=self.name, kind=words,
                       low=self.low, high=self.high, value=repr(value))
                )  # fmt: skip


_ABS = Setting(
    "abs",
    tr("Size only"),
    tr("abs: sizes of the gradient; without it the sign is kept"),
    True,
    True,
)


def _base(name: str) -> Setting:
    tip = tr(
        "{name}: the number that stands for nothing to see, as 0 in an empty picture", name=name
    )
    label = tr("Fill") if name == "baseline" else tr("Baseline")
    return Setting(name, label, tip, 0.0, 0.0, -10.0, 10.0, 0.1)


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes
    ----------
    id
        As `core.explain` calls it.
    title, tip
        For people.
    settings
        In the order of the form.
    of
        What it can explain: "any" network, or only "image" networks.
    """

    id: str
    title: str
    tip: str
    settings: tuple[Setting, ...] = ()
    of: str = "any"


#: In the order of the tiles.
METHODS: dict[str, Method] = {
    m.id: m
    for m in (
        Method(
            "saliency", tr("Saliency"),
            tr("How much the score moves with each pixel: the size of the gradient"), (_ABS,),
        ),
        Method(
            "input_x_gradient", tr("Gradient × input"),
            tr("What each pixel contributes, as far as the network is linear"),
        ),
        Method(
            "smooth_grad", tr("SmoothGrad"),
            tr("The mean saliency of noisy copies of the input"),
            (
                Setting("nt_samples", tr("Copies"), tr("nt_samples: noisy copies of the input"), 5, 40, 1, 1000, 1),
                Setting("stdevs", tr("Noise"),
                        tr("stdevs: standard deviation of the noise; pixels go from 0 to 1"), 1.0, 0.15,
                        0.0, 10.0, 0.05),
                Setting("nt_type", tr("Made of them"),
                        tr("nt_type: the mean, the mean of the squares, or the variance"),
                        "smoothgrad", "smoothgrad", choices=NOISE_TUNNELS),
                _ABS,
                Setting("seed", tr("Seed"), tr("seed: the same seed draws the same noise"), 0, 0, 0, 2**31 - 1, 1),
            ),
        ),
        Method(
            "integrated_gradients", tr("Integrated gradients"),
            tr("The mean gradient on the way from a baseline to the input, times the way"),
            (
                Setting("n_steps", tr("Points"), tr("n_steps: points of the path"), 50, 50, 1, 1000, 1),
                Setting("method", tr("Integral"),
                        tr("method: how the integral is taken"), "gausslegendre", "gausslegendre",
                        choices=INTEGRALS),
                _base("baselines"),
                Setting("multiply_by_inputs", tr("Times the way"),
                        tr("multiply_by_inputs: without it the mean gradient itself"), True, True),
            ),
        ),
        Method(
            "guided_backprop", tr("Guided backpropagation"),
            tr("The gradient that goes back through each ReLU only where it is positive"),
        ),
        Method(
            "grad_cam", tr("Grad-CAM"),
            tr("Which places of a layer's maps speak for the class"),
            (
                Setting("layer", tr("Layer"), tr("layer: whose maps; by default the last convolution"), "", ""),
                Setting("relu", tr("Only for"), tr("relu_attributions: only what speaks for the class"), True, True),
                Setting("interpolate_mode", tr("Enlarged"),
                        tr("interpolate_mode: how the map is brought to the size of the image"),
                        "nearest", "bilinear", choices=MODES),
            ), "image",
        ),
        Method(
            "occlusion", tr("Occlusion"),
            tr("By how much the score falls when a window hides a part of the image"),
            (
                Setting("window", tr("Window"),
                        tr("sliding_window_shapes: height and width of the window in pixels"), 3, 5, 1, 512, 1),
                Setting("strides", tr("Stride"), tr("strides: pixels from one window to the next"), 1, 1, 1, 512, 1),
                _base("baseline"),
            ), "image",
        ),
    )
}  # fmt: skip

#: Shown until the learner chooses.
STARTING = ("saliency", "smooth_grad", "integrated_gradients", "grad_cam", "occlusion")
#: Methods that are seen at work, and the scene of each; the others stand still.
AT_WORK = {"integrated_gradients": "integrated-gradients", "occlusion": "occlusion"}
#: More places of a window than this make a network slow: where nothing is chosen the window grows with the image.
_PLACES = 28


def starting(method: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """Settings with which the panel begins, for an input of that shape."""
    found = {s.name: s.start for s in METHODS[method].settings}
    if method == "occlusion" and len(shape) == 3:
        least = min(shape[:2])
        stride = max(1, round(least / _PLACES / 1.4))
        found["strides"] = stride
        found["window"] = min(least, max(5, 2 * stride))
    return found


def settings_of(method: str, shape: tuple[int, ...], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to ask with: those the learner chose, else where the panel begins."""
    return starting(method, shape) | dict(chosen.get(method, {}))


def signed(method: str, settings: Mapping[str, Any]) -> bool:
    """Whether the numbers speak for and against."""
    if method in ("saliency", "smooth_grad"):
        return (
            not settings.get("abs", True) and settings.get("nt_type", "smoothgrad") == "smoothgrad"
        )
    if method == "grad_cam":
        return not settings.get("relu", True)
    return True


def note(method: str, settings: Mapping[str, Any], shape: tuple[int, ...]) -> str:
    """What stands beside the name of a tile."""
    if method == "saliency":
        return "|∂z/∂x|" if settings.get("abs", True) else "∂z/∂x"
    if method == "input_x_gradient":
        return "x · ∂z/∂x"
    if method == "smooth_grad":
        return f"n {settings['nt_samples']}"
    if method == "integrated_gradients":
        return f"n {settings['n_steps']}"
    if method == "occlusion":
        return f"{settings['window']}×{settings['window']}"
    return ""


def check_settings(value: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """Refuse settings of methods that are not there, that do not fit, or that no image has room for.

    Raises
    ------
    CommandError
        With a sentence.
    """
    for method, settings in value.items():
        if method not in METHODS:
            known = ", ".join(METHODS)
            raise CommandError(
                tr("There is no method {name}; there are {known}.", name=repr(method), known=known)
            )
        known_settings = {s.name: s for s in METHODS[method].settings}
        if not isinstance(settings, Mapping):
            raise CommandError(tr("Settings of {method} are names with values.", method=method))
        for name, given in settings.items():
            if name not in known_settings:
                known = ", ".join(known_settings) or tr("none")
                raise CommandError(
                    tr(
                        "{method} has no setting {name}; it has {known}.",
                        method=method,
                        name=repr(name),
                        known=known,
                    )
                )
            known_settings[name].check(given)
        if method == "occlusion":
            _check_window(starting(method, shape) | dict(settings), shape)


def _check_window(settings: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    window, stride = settings["window"], settings["strides"]
    if len(shape) == 3 and window > min(shape[:2]):
        raise CommandError(
            tr("The window of {n}×{n} is larger than the image of {rows}×{columns} pixels. Choose a smaller one.",
               n=window, rows=shape[0], columns=shape[1])
        )  # fmt: skip
    if stride > window:
        raise CommandError(
            tr("A stride of {stride} is larger than the window of {n}×{n}: pixels between would never be hidden. "
               "Choose a stride up to the size of the window.", stride=stride, n=window)
        )  # fmt: skip


def check_methods(value: list[Any]) -> None:
    """Refuse a choice of methods with one that is not there, one twice, or none at all.

    Raises
    ------
    CommandError
        With a sentence.
    """
    for name in value:
        if not isinstance(name, str) or name not in METHODS:
            known = ", ".join(METHODS)
            raise CommandError(
                tr("There is no method {name}; there are {known}.", name=repr(name), known=known)
            )
    if not value or len(set(value)) != len(value):
        raise CommandError(tr("Choose at least one method, and each only once."))
