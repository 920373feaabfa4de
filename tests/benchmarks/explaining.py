"""Explanations of a picture beside Captum on PyTorch, each side in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import Any

import numpy as np

from tests.benchmarks.children import Child, Contender, interleaved, serve
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row, raced, timed

#: What is asked of both sides: the function of `core.explain`, its settings, and the guidance in seconds.
METHODS: dict[str, tuple[str, dict[str, Any], float]] = {
    "saliency": ("saliency", {}, 2e-3),
    "integrated gradients, 50 steps": ("integrated_gradients", {"n_steps": 50}, 60e-3),
    "occlusion, 5x5, stride 1": ("occlusion", {"window": (5, 5), "strides": (1, 1)}, 150e-3),
    "SmoothGrad, 20 copies": ("smooth_grad", {"nt_samples": 20, "stdevs": 0.15}, 0.0),
    "Grad-CAM": ("grad_cam", {"layer": "second"}, 0.0),
}
#: How many occluded pictures Captum takes at a time: 1 is its default, a batch is what its users are told to set.
AT_ONCE = (1, 64)
_ASKED = 2.0

#: On a picture of 224 x 224 in colour: until the first part of the answer is there, and until all of it is.
LARGE: dict[str, tuple[str, dict[str, Any]]] = {
    "saliency": ("saliency", {}),
    "Grad-CAM": ("grad_cam", {}),
    "integrated gradients, 50 steps": ("integrated_gradients", {"n_steps": 50}),
    "occlusion, 32x32, stride 8, coarse first": (
        "occlusion", {"window": (32, 32), "strides": (8, 8), "coarse": True},
    ),
    "activation maximization of a class, 120 steps": ("activation_maximization", {}),
}  # fmt: skip


def rows(options: Options) -> Iterator[Row]:
    """Each method on the two-convolution CNN and a picture of 28 x 28."""
    for title, (_, _, guidance) in METHODS.items():
        with ExitStack() as stack:
            own = stack.enter_context(Child("explaining", "own"))
            runners: dict[str, Contender] = {"Chainrule": own.contender("explain", title=title)}
            if options.torch:
                for threads in (1, 2):
                    peer = stack.enter_context(Child("explaining", str(threads)))
                    for size in AT_ONCE if title.startswith("occlusion") else (0,):
                        who = f"({threads} thread{'s' if threads > 1 else ''}{f', {size} at once' if size else ''})"
                        runners[who] = peer.contender("explain", title=title, at_once=size)
            found = interleaved(runners, options.rounds, options.seconds)
        asked = _ASKED if options.torch and guidance else None
        row = raced("explaining", title, found, "Chainrule", asked)
        if guidance:
            row = replace(row, note=f"guidance {guidance * 1e3:.0f} ms")
        yield row
    yield from _large_rows(options)


def _large_rows(options: Options) -> Iterator[Row]:
    """A network like VGG with 5 million parameters: how long a learner waits for something to look at."""
    with Child("explaining", "own") as own:
        for title, (name, _) in LARGE.items():
            made = own.contender("large", title=title, whole=False)
            made(1)
            first = [made(1)[0] for _ in range(min(options.rounds, 3))]
            yield timed("explaining", f"VGG, {title}: first part", np.array(first))
            if name in ("integrated_gradients", "occlusion", "activation_maximization"):
                whole = own.contender("large", title=title, whole=True)(1)[0]
                yield timed("explaining", f"VGG, {title}: all", np.array([whole]))


def large_layers() -> list[Any]:
    """Five blocks of two convolutions and a pooling, 5.3 million parameters."""
    import core
    from core import layers

    found: list[Any] = [core.Input((224, 224, 3))]
    for filters in (16, 32, 64, 128, 256):
        found += [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
        found.append(layers.MaxPooling2D(2))
    return [
        *found, layers.Flatten(), layers.Dense(330, activation="relu"), layers.Dense(10, activation="softmax"),
    ]  # fmt: skip


@cache
def _large_explainer() -> Any:
    import core
    from core import explain

    model = core.Sequential(large_layers(), seed=0)
    return explain.explainer(model)


def _of_large(title: str, count: int, *, whole: bool) -> tuple[float, int]:
    from core.explain import Score
    from core.explain.class_maps import grad_cam, last_convolution
    from core.explain.gradients import integrated_gradients, saliency
    from core.explain.maximization import activation_maximization, channel_explainer
    from core.explain.occluding import occlusion

    name, settings = LARGE[title]
    of = _large_explainer()
    x = np.random.default_rng(0).random((1, 224, 224, 3), np.float32)
    began = perf_counter()
    for _ in range(count):
        if name == "saliency":
            saliency(of, x, Score(3))
        elif name == "grad_cam":
            grad_cam(of, x, Score(3), last_convolution(of))
        elif name == "activation_maximization":
            # The programs of a channel are made anew for each that is chosen.
            climb = activation_maximization(channel_explainer(of, [*of.shapes][-1]), 3, **settings)
            for _step in climb:
                if not whole:
                    break
        else:
            for _part in {"integrated_gradients": integrated_gradients, "occlusion": occlusion}[
                name
            ](of, x, Score(3), **settings):
                if not whole:
                    break
    return perf_counter() - began, count


@cache
def _own(title: str) -> Callable[[], Any]:
    from core import explain
    from tests.core.explain.cases import Case, model_of

    name, settings, _ = METHODS[title]
    model, x = model_of("digits"), Case("", "digits", name, rows=1).x[0]
    return lambda: getattr(explain, name)(model, x, 3, **settings)


@cache
def _theirs(title: str, at_once: int) -> Callable[[], Any]:
    import torch
    from captum import attr

    from tests.core.explain.captum_side import module_of
    from tests.core.explain.cases import Case

    name, settings, _ = METHODS[title]
    module, named = module_of("digits")
    x = torch.tensor(Case("", "digits", name, rows=1).x.transpose(0, 3, 1, 2).copy())
    if name == "saliency":
        return lambda: attr.Saliency(module).attribute(x.clone().requires_grad_(), 3)
    if name == "integrated_gradients":
        return lambda: attr.IntegratedGradients(module).attribute(x, target=3, **settings)
    if name == "smooth_grad":
        tunnel = attr.NoiseTunnel(attr.Saliency(module))
        return lambda: tunnel.attribute(x.clone().requires_grad_(), target=3, **settings)
    if name == "grad_cam":
        found = attr.LayerGradCam(module, named["second"])
        return lambda: attr.LayerAttribution.interpolate(
            found.attribute(x, 3, relu_attributions=True), (28, 28)
        )
    hiding = attr.Occlusion(module)
    return lambda: hiding.attribute(x, (1, *settings["window"]), (1, *settings["strides"]), 0, 3,
                                    perturbations_per_eval=at_once)  # fmt: skip


def _work(made: Callable[[], Any], count: int) -> tuple[float, int]:
    began = perf_counter()
    for _ in range(count):
        made()
    return perf_counter() - began, count


if __name__ == "__main__":
    if sys.argv[1] == "own":
        serve({"explain": lambda title, count: _work(_own(title), count), "large": _of_large})
    else:
        import torch

        torch.set_num_threads(int(sys.argv[1]))
        serve({"explain": lambda title, count, at_once=0: _work(_theirs(title, at_once), count)})
