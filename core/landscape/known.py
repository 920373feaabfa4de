"""Surfaces that optimizers are tried on, in the order in which they are taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.errors import SettingError
from core.landscape.heights import Domain, Point, Surface
from core.landscape.reading import read
from core.layers.settings import Setting
from core.naming import no_argument


@dataclass(frozen=True)
class Kind:
    """How a surface is made.

    Attributes
    ----------
    name
        In documents.
    settings
        What can be chosen.
    make
        The surface with these settings.
    """

    name: str
    make: Callable[..., Surface]
    settings: tuple[Setting, ...] = field(default=())


def _plain(
    name: str,
    title: str,
    text: str,
    domain: Domain,
    start: Point,
    minima: tuple[Point, ...],
    *,
    log: bool = False,
    source: str,
    note: str,
    variables: tuple[str, ...] = ("x", "y"),
) -> Kind:
    """A surface without settings."""

    def make() -> Surface:
        return Surface(
            kind=name, title=title, text=text, variables=variables, expression=read(text), domain=domain,
            start=start, minima=minima, log=log, source=source, note=note,
        )  # fmt: skip

    return Kind(name, make)


def _valley(condition: float) -> Surface:
    text = f"(x^2 + {condition:.12g}*y^2)/2"
    return Surface(
        kind="valley",
        title="Ill-conditioned valley",
        text=text,
        variables=("x", "y"),
        expression=read(text),
        domain=((-3.0, 3.0), (-1.5, 1.5)),
        start=(-2.6, 0.9),
        settings={"condition": condition},
        minima=((0.0, 0.0),),
        source="Nocedal and Wright, Numerical Optimization, 2006, section 3.3",
        note="The curvature across is many times that along: a rate small enough for one is slow for the other.",
    )


_CONDITION = Setting(
    "condition", "Condition number", "float", 25.0, 1.0, 10000.0, 1.0,
    help="How many times as strongly the valley bends across as along",
)  # fmt: skip


#: The real root of the slope of one coordinate, x (4x² − 32) + 5 = 0 over 2.
_TANG = -2.9035340277711771
_SANTNER = "Surjanovic and Bingham, Virtual Library of Simulation Experiments, 2013"

KINDS: tuple[Kind, ...] = (
    _plain(
        "bowl", "Bowl", "x^2 + y^2", ((-3.0, 3.0), (-3.0, 3.0)), (-2.4, 1.8), ((0.0, 0.0),),
        source="Goodfellow, Bengio and Courville, Deep Learning, 2016, section 4.3",
        note="Equally steep all around: minus the gradient points straight at the minimum.",
    ),
    Kind("valley", _valley, (_CONDITION,)),
    _plain(
        "saddle", "Saddle", "x^2 - y^2", ((-2.0, 2.0), (-2.0, 2.0)), (1.6, 0.01), (),
        source="Dauphin et al., Identifying and attacking the saddle point problem, 2014",
        note="At (0, 0) the gradient is 0, but only along x is it lowest: who leaves along y falls without end.",
    ),
    _plain(
        "monkey-saddle", "Monkey saddle", "x^3 - 3*x*y^2", ((-2.0, 2.0), (-2.0, 2.0)), (1.5, 0.05), (),
        source="Hilbert and Cohn-Vossen, Geometry and the Imagination, 1932",
        note="Three ways down meet at (0, 0), where gradient and curvature are 0: nothing pushes a racer on.",
    ),
    _plain(
        "beale", "Beale", "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
        ((-0.5, 4.2), (-1.6, 2.1)), (0.7, 1.55), ((3.0, 0.5),), log=True,
        source="Beale, On an iterative method for finding a local minimum, 1958",
        note="Steep walls around a long flat valley: what helps on the wall is too little in the valley.",
    ),
    _plain(
        "rosenbrock", "Rosenbrock", "(1 - x)^2 + 100*(y - x^2)^2",
        ((-2.0, 2.0), (-1.0, 3.0)), (-1.2, 1.0), ((1.0, 1.0),), log=True,
        source="Rosenbrock, An automatic method for finding the greatest or least value of a function, 1960",
        note="The bent valley is found at once; along its floor the slope is hundreds of times smaller than across.",
    ),
    _plain(
        "himmelblau", "Himmelblau", "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        ((-5.5, 5.5), (-5.5, 5.5)), (-0.6, -1.2),
        (
            (3.0, 2.0), (-2.805118086952745, 3.131312518250573), (-3.7793102533777469, -3.2831859912861694),
            (3.5844283403304917, -1.8481265269644034),
        ), log=True,
        source="Himmelblau, Applied Nonlinear Programming, 1972",
        note="Four minima equally deep: a small change of start, rate or momentum decides which one is reached.",
    ),
    _plain(
        "rastrigin", "Rastrigin", "20 + x^2 - 10*cos(2*pi*x) + y^2 - 10*cos(2*pi*y)",
        ((-5.12, 5.12), (-5.12, 5.12)), (3.3, -2.7), ((0.0, 0.0),),
        source="Rastrigin, Systems of extremal control, 1974",
        note="A minimum near every pair of whole numbers: without noise or momentum the first one holds whoever comes.",
    ),
    _plain(
        "ackley", "Ackley",
        "-20*exp(-0.2*sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + e + 20",
        ((-5.0, 5.0), (-5.0, 5.0)), (3.4, 2.6), ((0.0, 0.0),),
        source="Ackley, A Connectionist Machine for Genetic Hillclimbing, 1987",
        note="Almost flat outside, full of dents, and a sharp funnel in the middle, at whose tip there is no slope.",
    ),
    _plain(
        "styblinski-tang", "Styblinski–Tang", "(x^4 - 16*x^2 + 5*x + y^4 - 16*y^2 + 5*y)/2",
        ((-4.5, 4.5), (-4.5, 4.5)), (0.4, 0.6), ((_TANG, _TANG),),
        source="Styblinski and Tang, Experiments in nonconvex optimization, 1990",
        note="Four basins, one of them the deepest: the gradient at the start knows nothing of that.",
    ),
    _plain(
        "six-hump-camel", "Six-hump camel", "(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (4*y^2 - 4)*y^2",
        ((-2.1, 2.1), (-1.2, 1.2)), (1.9, 1.05),
        ((0.08984201310031806, -0.7126564030207396), (-0.08984201310031806, 0.7126564030207396)),
        source="Dixon and Szegő, The global optimization problem: an introduction, 1978",
        note="Six minima, two of them the lowest: the others hold whoever comes too slowly.",
    ),
    _plain(
        "plateau", "Plateau", "1 - exp(-(x^2 + y^2)/2)", ((-4.0, 4.0), (-4.0, 4.0)), (-2.9, 2.0), ((0.0, 0.0),),
        source="Goodfellow, Bengio and Courville, Deep Learning, 2016, section 8.2.3",
        note="Far from the minimum the gradient all but vanishes: methods that divide by its size walk on regardless.",
    ),
    _plain(
        "hills", "Hills",
        "3*(1 - x)^2*exp(-x^2 - (y + 1)^2) - 10*(x/5 - x^3 - y^5)*exp(-x^2 - y^2) - exp(-(x + 1)^2 - y^2)/3",
        ((-3.0, 3.0), (-3.0, 3.0)), (-0.2, 1.2), ((0.2282789205563691, -1.6255349574999965),),
        source="MathWorks, the function peaks of MATLAB",
        note="Three hollows between hills: which one is reached depends on the start and on how far steps carry.",
    ),
    _plain(
        "cliff", "Cliff", "0.15*(x - 4)^2 + 0.5*y^2 + 2*softplus(40*(x - 1))",
        ((-4.0, 2.0), (-2.5, 2.5)), (-2.8, 1.6), ((0.8890168533065185, 0.0),), log=True,
        source="after Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013",
        note="A step over the edge meets a wall 80 times as steep and is thrown far back; clipping helps.",
    ),
    _plain(
        "convex-curve", "Convex curve", "x^2", ((-3.0, 3.0), (-1.0, 1.0)), (2.4, 0.0), ((0.0, 0.0),),
        variables=("x",), source="Nielsen, Neural Networks and Deep Learning, 2015, chapter 1",
        note="One hollow: downhill leads to the minimum from anywhere, unless a step is longer than twice the way.",
    ),
    _plain(
        "non-convex-curve", "Non-convex curve", "x^4 - 4*x^2 + x", ((-2.3, 2.3), (-1.0, 1.0)), (2.1, 0.0),
        ((-1.472997601114030, 0.0),), variables=("x",),
        source="Goodfellow, Bengio and Courville, Deep Learning, 2016, figure 4.3",
        note="Two hollows, the left one deeper: small steps stay in the one they begin in.",
    ),
)  # fmt: skip


def made(kind: Kind, given: dict[str, Any]) -> Surface:
    """The surface of a kind with settings, the others at their defaults."""
    return kind.make(**checked(kind, given))


def checked(kind: Kind, given: dict[str, Any]) -> dict[str, Any]:
    """The settings of a kind, those that are not given at their defaults.

    Raises
    ------
    core.errors.SettingError
        It has no such setting, or a value is out of its range.
    """
    settings = {setting.name: setting for setting in kind.settings}
    for name in given:
        if name not in settings:
            raise SettingError(no_argument(f"The surface {kind.name}", name, settings), name)
    return {
        name: setting.normalise(given.get(name, setting.default), f"The surface {kind.name}")
        for name, setting in settings.items()
    }
