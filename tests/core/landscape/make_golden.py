"""Ask SymPy for values and gradients of surfaces, and Keras for ways over them: ``golden.npz``.

Needs SymPy and the conformance extra. ``python -m tests.core.landscape.make_golden``.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import mpmath
import numpy as np
import sympy
import torch
from sympy import Symbol

from core import landscape
from core.landscape import Surface
from tests.core.landscape import cases

DIGITS = 40
_NAMES = {
    "abs": sympy.Abs, "ln": sympy.log, "max": sympy.Max, "min": sympy.Min, "sign": sympy.sign, "e": sympy.E,
    "relu": lambda z: sympy.Max(z, 0), "sigmoid": lambda z: 1 / (1 + sympy.exp(-z)),
    "softplus": lambda z: sympy.log(1 + sympy.exp(z)),
}  # fmt: skip


def symbolic(surface: Surface, text: str) -> tuple[sympy.Expr, list[Symbol]]:
    """The formula of SymPy, of a regression that of one sample."""
    columns = ("u", "t") if surface.samples is not None else ()
    symbols = [Symbol(name, real=True) for name in (*surface.variables, *columns)]
    if surface.samples is not None:
        text = text.removeprefix("mean(").removesuffix(")")
    names = {**_NAMES, **{one.name: one for one in symbols}}
    # Numbers such as 2.1 are what doubles hold of them, as they are for us.
    found = sympy.parse_expr(text.replace("^", "**"), names)
    return found.replace(
        lambda part: part.is_Float, lambda part: sympy.Rational(float(part))
    ), symbols


def exact(surface: Surface, text: str) -> np.ndarray:
    """(points, 1 + variables): height and slopes, rounded from 40 digits."""
    formula, symbols = symbolic(surface, text)
    asked = [formula, *(sympy.diff(formula, symbols[k]) for k in range(len(surface.variables)))]
    # Kinks are between the points, where these are steps alone.
    asked = [
        one.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0)).replace(
            sympy.Heaviside, lambda z, *_: (1 + sympy.sign(z)) / 2
        )
        for one in asked
    ]
    made = [sympy.lambdify(symbols, one, "mpmath") for one in asked]
    rows = (
        [()]
        if surface.samples is None
        else list(zip(surface.samples.u, surface.samples.t, strict=True))
    )
    found = []
    with mpmath.workdps(DIGITS):
        for point in cases.points_of(surface):
            at = [mpmath.mpf(float(number)) for number in point[: len(surface.variables)]]
            sums = [
                sum(f(*at, *(mpmath.mpf(float(number)) for number in row)) for row in rows)
                / len(rows)
                for f in made
            ]
            found.append([float(mpmath.re(number)) for number in sums])
    return np.array(found)


def way(surface: Surface, config: dict, steps: int = cases.STEPS) -> np.ndarray:
    """Positions of Keras's optimizer, (kept, variables), in float64."""
    keras.config.set_floatx("float64")
    arguments = {key: value for key, value in config.items() if key != "kind"}
    if isinstance(arguments["learning_rate"], dict):
        schedule = dict(arguments["learning_rate"])
        arguments["learning_rate"] = getattr(keras.optimizers.schedules, schedule.pop("kind"))(
            **schedule
        )
    optimizer = getattr(keras.optimizers, config["kind"])(**arguments)
    size = len(surface.variables)
    variable = keras.Variable(np.array(surface.start[:size]), dtype="float64")
    found = []
    for _ in range(steps):
        at = np.zeros(2)
        at[:size] = variable.value.detach().numpy()
        gradient = surface.gradients(at)[:size]
        optimizer.apply_gradients([(torch.tensor(gradient), variable)])
        found.append(variable.value.detach().numpy().copy())
    places = cases.kept()
    return np.stack(found)[places[places <= steps] - 1]


def main() -> None:
    texts = dict(cases.FORMULAS)
    found = {
        f"surface|{name}": exact(surface, texts.get(name) or surface.text)
        for name, surface in cases.every().items()
    }
    for name in cases.ON:
        surface = landscape.surface(name)
        for key in cases.OPTIMIZERS:
            found[f"way|{name}|{key}"] = way(surface, cases.config_on(name, key))
            assert np.isfinite(found[f"way|{name}|{key}"]).all(), (name, key)
            print(name, key, found[f"way|{name}|{key}"][-1], flush=True)
    found["versions"] = np.array(
        f"sympy {sympy.__version__}, keras {keras.__version__}, torch {torch.__version__}, numpy {np.__version__}"
    )
    np.savez_compressed(cases.PATH, allow_pickle=False, **found)


if __name__ == "__main__":
    main()
