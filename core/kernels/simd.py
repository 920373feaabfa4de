"""What kernels are built of, under one name: views, registers, functions, draws and the one product."""

from core.kernels.draws import mix, shuffled, stream, uniform
from core.kernels.functions import (
    arctan,
    exp,
    expm1_below,
    fused,
    log,
    log1p,
    normal,
    normal_cdf,
    sigmoid,
    tanh,
)
from core.kernels.memory import bytes_at, cut, floats_at, scratch
from core.kernels.processor import LANES32, TALL
from core.kernels.product import product, tile
from core.kernels.registers import (
    lanes,
    vadd,
    vdivide,
    vequal,
    vfill,
    vload,
    vmax,
    vmultiply,
    vnegate,
    vroot,
    vstore,
    vsubtract,
    vzero,
)
from core.kernels.sums import total

__all__ = [
    "LANES32", "TALL", "arctan", "bytes_at", "cut", "exp", "expm1_below", "floats_at", "fused", "lanes", "log",
    "log1p", "mix", "normal", "normal_cdf", "product", "scratch", "shuffled", "sigmoid", "stream", "tanh", "tile",
    "total", "uniform", "vadd", "vdivide", "vequal", "vfill", "vload", "vmax", "vmultiply", "vnegate", "vroot",
    "vstore", "vsubtract", "vzero",
]  # fmt: skip
