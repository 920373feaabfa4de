"""The loss of a line, and of a logistic curve, over their two weights: surfaces with real samples, and so with noise.

A racer with a batch size sees the loss of some of the samples at each step; the surface is that of all of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.landscape.heights import COLUMNS, Domain, Surface
from core.landscape.known import Kind
from core.landscape.points import LINEAR, LOGISTIC, given, scaled_samples
from core.landscape.reading import read
from core.layers.settings import Setting

if TYPE_CHECKING:
    from core.landscape.heights import Samples

_SCALED = Setting(
    "scaled", "Scale the feature", "bool", False,
    help="Give the feature the mean 0 and the standard deviation 1 before the loss is taken",
)  # fmt: skip


def linear(data: Any = "hours", scaled: bool = False) -> Surface:
    """The mean squared error of ``w u + b`` over the samples."""
    import numpy as np

    samples, data, view = given(data, LINEAR, "linear regression")
    samples = scaled_samples(samples) if scaled else samples
    u, t = samples.u, samples.t
    line = np.stack([u - u.mean(), np.ones_like(u)], axis=1)
    w, middle = np.linalg.lstsq(line, t, rcond=None)[0]
    best = (float(w), float(middle - w * u.mean()))
    curvature = 2 * np.array([[(u * u).mean(), u.mean()], [u.mean(), 1.0]])
    domain, start = _around(best, curvature, float(t.var()) + 1e-3), None
    if view is not None and not scaled:
        domain, start = view
    return Surface(
        kind="linear-regression",
        title="Linear regression",
        text="mean((w*u + b - t)^2)",
        variables=("w", "b"),
        expression=read("(w*u + b - t)^2", ("w", "b", *COLUMNS)),
        domain=domain,
        start=start or _corner(domain),
        settings={"data": data, "scaled": scaled},
        minima=(best,),
        log=True,
        source="Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805",
        note="Its own round bowl, as the feature is scaled: all directions are equally steep."
        if scaled
        else "Where the feature is not scaled, w and b depend on each other: a long narrow valley.",
        samples=samples,
    )


def logistic(data: Any = "hours", scaled: bool = False) -> Surface:
    """The mean binary cross-entropy of ``sigmoid(w u + b)`` over the samples, labels 0 and 1."""
    import numpy as np

    samples, data, view = given(data, LOGISTIC, "logistic regression")
    if not np.isin(samples.t, (0.0, 1.0)).all():
        raise SettingError("The labels t of logistic regression are 0 and 1.", "data")
    samples = scaled_samples(samples) if scaled else samples
    found = _most_likely(samples)
    best, curvature = found or ((0.0, 0.0), np.eye(2))
    domain, start = _around(best, curvature, 0.4), None
    if view is not None and not scaled:
        domain, start = view
    return Surface(
        kind="logistic-regression",
        title="Logistic regression",
        text="mean(softplus((1 - 2*t)*(w*u + b)))",
        variables=("w", "b"),
        expression=read("softplus((1 - 2*t)*(w*u + b))", ("w", "b", *COLUMNS)),
        domain=domain,
        start=start or _corner(domain),
        settings={"data": data, "scaled": scaled},
        minima=(best,) if found else (),
        log=True,
        source="Cox, The regression analysis of binary sequences, 1958",
        note="Cross-entropy, -ln of the probability of the true label, is convex: one minimum, flat far away."
        if found
        else "A point parts the two classes: the larger w, the smaller the loss, without end.",
        samples=samples,
    )


def _most_likely(samples: Samples) -> tuple[tuple[float, float], Any] | None:
    """(minimum, curvature there) by Newton's method; None if a point parts the classes, so that there is none."""
    import numpy as np

    u, t = samples.u, samples.t
    ones, zeros = u[t == 1], u[t == 0]
    if not len(ones) or not len(zeros) or ones.min() >= zeros.max() or zeros.min() >= ones.max():
        return None
    middle, spread = u.mean(), u.std()
    design = np.stack([(u - middle) / spread, np.ones_like(u)], axis=1)
    theta = np.zeros(2)
    for _ in range(100):
        p = 1 / (1 + np.exp(-design @ theta))
        curvature = (design * (p * (1 - p))[:, None]).T @ design
        step = np.linalg.solve(curvature, design.T @ (t - p))
        # Shortened where it would overshoot.
        theta = theta + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-14:
            break
    w = theta[0] / spread
    p = 1 / (1 + np.exp(-design @ theta))
    plain = np.stack([u, np.ones_like(u)], axis=1)
    curvature = (plain * (p * (1 - p))[:, None]).T @ plain / len(u)
    return (float(w), float(theta[1] - w * middle)), curvature


def _around(best: tuple[float, float], curvature: Any, height: float) -> Domain:
    """The rectangle around the ellipse on which a quadratic with this curvature is so much higher."""
    import numpy as np

    reach = np.sqrt(2 * height * np.diag(np.linalg.inv(curvature)))
    (x0, x1), (y0, y1) = (
        (_rounded(middle - float(r)), _rounded(middle + float(r)))
        for middle, r in zip(best, reach, strict=True)
    )
    return ((x0, x1), (y0, y1))


def _corner(domain: Domain) -> tuple[float, float]:
    (x0, x1), (y0, y1) = domain
    return _rounded(x0 + 0.2 * (x1 - x0)), _rounded(y0 + 0.75 * (y1 - y0))


def _rounded(value: float) -> float:
    """Three digits that count: what is on axes and in documents is short."""
    if value == 0.0:
        return 0.0
    return round(value, 2 - math.floor(math.log10(abs(value))))


KINDS = (
    Kind("linear-regression", linear, (_SCALED,)),
    Kind("logistic-regression", logistic, (_SCALED,)),
)
#: Names of the sets of points of each: measured ones first, then drawn ones and those of the notes.
DATA = {"linear-regression": tuple(LINEAR), "logistic-regression": tuple(LOGISTIC)}
