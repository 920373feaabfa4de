"""The same questions asked of Captum, on PyTorch modules with the same weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from captum import attr
from torch import nn

from tests.core.explain.cases import DEVIATION, NETWORKS, NOISY, Case, weight_of


class Flat(nn.Module):
    """Keras's order of what is flattened: channels last."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, ...)"""
        return x.permute(0, 2, 3, 1).flatten(1) if x.ndim == 4 else x


class Mean(nn.Module):
    """The mean of each map."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, channels)"""
        return x.mean((2, 3))


FUNCTIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def module_of(network: str, seed: int = 0) -> tuple[nn.Sequential, dict[str, nn.Module]]:
    """The network up to the values before the softmax, and what each named layer gives."""
    found: list[nn.Module] = []
    named: dict[str, nn.Module] = {}
    counts: dict[str, int] = {}
    given = NETWORKS[network]()
    channels = given[0].shape[-1]
    side = list(given[0].shape[:-1])
    for layer in given[1:]:
        kind, config = type(layer).__name__, layer.config
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "Conv2D":
            size = config["kernel_size"]
            same = config["padding"] == "same"
            conv = nn.Conv2d(channels, config["filters"], tuple(size), padding="same" if same else 0,
                             bias=config["use_bias"])  # fmt: skip
            kernel = weight_of(
                network, f"{layer.name}/kernel", (*size, channels, config["filters"]), seed
            )
            conv.weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
            if config["use_bias"]:
                conv.bias.data = torch.tensor(
                    weight_of(network, f"{layer.name}/bias", (config["filters"],), seed)
                )
            channels = config["filters"]
            side = side if same else [n - k + 1 for n, k in zip(side, size, strict=True)]
            found.append(conv)
        elif kind == "BatchNormalization":
            norm = nn.BatchNorm2d(channels, eps=config["epsilon"])
            name = "batch_normalization"
            norm.weight.data, norm.bias.data = (
                torch.tensor(weight_of(network, f"{name}/{role}", (channels,), seed))
                for role in ("gamma", "beta")
            )
            norm.running_mean, norm.running_var = (
                torch.tensor(weight_of(network, f"{name}/{role}", (channels,), seed))
                for role in ("moving_mean", "moving_variance")
            )
            found.append(norm)
        elif kind in ("MaxPooling2D", "AveragePooling2D"):
            found.append((nn.MaxPool2d if kind.startswith("Max") else nn.AvgPool2d)(2))
            side = [n // 2 for n in side]
        elif kind == "GlobalAveragePooling2D":
            found.append(Mean())
            side = []
        elif kind == "Flatten":
            found.append(Flat())
            channels, side = channels * int(np.prod(side)), []
        elif kind == "Dense":
            name = "dense" if counts["Dense"] == 1 else f"dense_{counts['Dense'] - 1}"
            linear = nn.Linear(channels, config["units"])
            kernel = weight_of(network, f"{name}/kernel", (channels, config["units"]), seed)
            linear.weight.data = torch.tensor(kernel.T.copy())
            linear.bias.data = torch.tensor(
                weight_of(network, f"{name}/bias", (config["units"],), seed)
            )
            channels = config["units"]
            found.append(linear)
        if kind in ("Conv2D", "Dense", "Activation") and config["activation"] in FUNCTIONS:
            found.append(FUNCTIONS[config["activation"]]())
        if layer.name:
            named[layer.name] = found[-1]
    return nn.Sequential(*found).eval(), named


def _there(x: np.ndarray) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(np.moveaxis(x, -1, 1) if x.ndim == 4 else x))


def _back(x: torch.Tensor) -> np.ndarray:
    found = x.detach().numpy()
    return np.moveaxis(found, 1, -1) if found.ndim == 4 else found


def answer(case: Case) -> np.ndarray:
    """What Captum says: like the samples, or (rows, height, width) for Grad-CAM."""
    with warnings.catch_warnings():
        # Captum tells of the hooks it sets.
        warnings.simplefilter("ignore")
        return _answer(case)


def _answer(case: Case) -> np.ndarray:
    module, named = module_of(case.network, case.seed)
    x, chosen, given = _there(case.x), case.chosen, dict(case.arguments)
    if case.method == "saliency":
        return _back(attr.Saliency(module).attribute(x.requires_grad_(), chosen, **given))
    if case.method == "input_x_gradient":
        return _back(attr.InputXGradient(module).attribute(x.requires_grad_(), chosen))
    if case.method == "guided_backprop":
        return _back(attr.GuidedBackprop(module).attribute(x.requires_grad_(), chosen))
    if case.method == "smooth_grad":
        return _noisy(case, module)
    if case.method == "integrated_gradients":
        many = given.pop("multiply_by_inputs", True)
        return _back(attr.IntegratedGradients(module, many).attribute(x, target=chosen, **given))
    if case.method == "occlusion":
        window, strides = given.get("window", (3, 3)), given.get("strides", (1, 1))
        return _back(
            attr.Occlusion(module).attribute(
                x, (x.shape[1], *window), (x.shape[1], *strides), given.get("baseline", 0.0), chosen,
                perturbations_per_eval=8,
            )
        )  # fmt: skip
    assert case.method == "grad_cam"
    maps = attr.LayerGradCam(module, named[given["layer"]]).attribute(
        x, chosen, relu_attributions=given.get("relu", True)
    )
    if given.get("upsample", True):
        mode = given.get("interpolate_mode", "nearest")
        maps = attr.LayerAttribution.interpolate(maps, tuple(x.shape[2:]), mode)
    return maps.detach().numpy()[:, 0]


def _noisy(case: Case, module: nn.Module) -> np.ndarray:
    """Captum draws its noise with `torch.normal`: here it is given that of the case."""
    noise = case.noise.reshape(-1, *case.shape)
    drawn = torch.normal
    torch.normal = lambda *_, **__: _there(noise)  # type: ignore[assignment]
    try:
        found = attr.NoiseTunnel(attr.Saliency(module)).attribute(
            _there(case.x).requires_grad_(), nt_samples=NOISY, stdevs=DEVIATION, target=case.chosen,
            **case.arguments,
        )  # fmt: skip
    finally:
        torch.normal = drawn
    return _back(found)


def versions() -> str:
    """What was asked."""
    import captum

    return f"captum {captum.__version__}, torch {torch.__version__}"


def answers(cases: list[Case]) -> dict[str, Any]:
    """By the cases' names."""
    return {case.name: answer(case) for case in cases}
