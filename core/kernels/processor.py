"""Which instructions kernels are written for: the path of this processor, chosen once when it is first imported.

===========  ==================  =========================  ===============  =====================================
path         float32 lanes       rows of a product's tile   tails            multiply-add
===========  ==================  =========================  ===============  =====================================
``avx512``   16                  8 (32 registers)           masked           fused
``avx2``     8                   6 (16 registers)           masked           fused
``sse``      4                   6 (16 registers)           2 lanes, then 1  a product, then a sum (two roundings)
``neon``     4                   8 (32 registers)           2 lanes, then 1  fused
``plain``    1                   4                          none             a product, then a sum
===========  ==================  =========================  ===============  =====================================

float64 has half the lanes. Every number is computed by the same operations in the same order on every path,
whatever the lanes; only a fused multiply-add rounds once where the other rounds twice. So the fused paths give the same
bits, the two others give the same bits, and between the groups results differ in their last places (and where a
platform's own libm is called: powers of step factors, double precision).

The compiler is asked, not the processor: what counts is what Numba compiles for, and that can be set
(``NUMBA_CPU_NAME``, ``NUMBA_CPU_FEATURES``, ``NUMBA_ENABLE_AVX``). ``CHAINRULE_PROCESSOR`` forces a path and sets them.
"""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass


@dataclass(frozen=True)
class Path:
    """One way to compute: lanes of a float32 register, rows of a full tile, masked tails, fused multiply-add.

    `target` is Numba's processor name and features when the path is forced: "plain" and "sse" differ in name so that
    Numba's cache keeps them apart.
    """

    name: str
    lanes: int
    rows: int
    masks: bool
    fused: bool
    target: tuple[str, str]


PATHS = {
    path.name: path
    for path in (
        Path("avx512", 16, 8, masks=True, fused=True, target=("x86-64-v4", "")),
        Path("avx2", 8, 6, masks=True, fused=True, target=("x86-64-v3", "")),
        Path("sse", 4, 6, masks=False, fused=False, target=("x86-64", "")),
        Path("neon", 4, 8, masks=False, fused=True, target=("generic", "+neon")),
        Path("plain", 1, 4, masks=False, fused=False, target=("generic", "")),
    )
}

#: What a path can stand in for.
_WITHIN = {
    "avx512": {"avx512", "avx2", "sse", "plain"},
    "avx2": {"avx2", "sse", "plain"},
    "sse": {"sse", "plain"},
    "neon": {"neon", "plain"},
    "plain": {"plain"},
}

#: Sixteen fused multiply-adds: what becomes of them shows which registers there are.
_QUESTION = """
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)
define void @question(ptr %x) {
    %a = load <16 x float>, ptr %x
    %b = call <16 x float> @llvm.fma.v16f32(<16 x float> %a, <16 x float> %a, <16 x float> %a)
    store <16 x float> %b, ptr %x
    ret void
}
"""


def best(triple: str, name: str, features: str) -> str:
    """The widest path of a compiler's target."""
    from llvmlite import binding

    try:
        target = binding.Target.from_triple(triple)
        machine = target.create_target_machine(cpu=name, features=features, opt=2)
        module = binding.parse_assembly(_QUESTION)
        module.triple = triple
        text = machine.emit_assembly(module)
    except RuntimeError:
        return "plain"
    if triple.startswith(("x86_64", "i386", "i686", "amd64")):
        if "vfmadd" not in text:
            return "sse" if "xmm" in text or "ymm" in text else "plain"
        return "avx512" if "zmm" in text else "avx2"
    return "neon" if "fmla" in text and "4s" in text else "plain"


def _automatic() -> str:
    """The widest path of what Numba compiles for."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    from numba.core import codegen, config

    name = config.CPU_NAME or binding.get_host_cpu_name()
    features = config.CPU_FEATURES
    if features is None:
        features = codegen.get_host_cpu_features()  # type: ignore[no-untyped-call]
    return best(binding.get_process_triple(), name, features)


def _host() -> str:
    """The widest path of the processor itself."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    try:
        features = binding.get_host_cpu_features().flatten()
    except RuntimeError:
        features = ""
    return best(binding.get_process_triple(), binding.get_host_cpu_name(), features)


def choose() -> Path:
    """The path to take. A forced one is told to Numba by its environment, which Numba reads when it is imported."""
    wanted = os.environ.get("CHAINRULE_PROCESSOR", "").strip().lower()
    if not wanted:
        return PATHS[_automatic()]
    host = _host()
    if wanted not in _WITHIN[host]:
        known = "is not a path" if wanted not in PATHS else "is not what this processor has"
        return _automatic_instead(
            f"CHAINRULE_PROCESSOR={wanted} {known}. Here it can be {', '.join(sorted(_WITHIN[host]))}"
        )
    if wanted == host:
        return PATHS[wanted]
    name, features = PATHS[wanted].target
    here = os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES")
    if "numba" in sys.modules and here != (name, features):
        return _automatic_instead(
            f"CHAINRULE_PROCESSOR={wanted} cannot be had any more, because Numba was imported before the engine. "
            "Import core first"
        )
    os.environ["NUMBA_CPU_NAME"], os.environ["NUMBA_CPU_FEATURES"] = name, features
    return PATHS[wanted]


def _automatic_instead(problem: str) -> Path:
    path = PATHS[_automatic()]
    NOT_TAKEN.append(f"{problem}; kernels are compiled for {path.name}.")
    warnings.warn(NOT_TAKEN[-1], stacklevel=2)
    return path


#: Why a path that was asked for is not the one taken, if so.
NOT_TAKEN: list[str] = []
#: The path of this process.
CHOSEN = choose()
#: float32 lanes of a register; float64 has half as many, but at least one.
LANES32 = CHOSEN.lanes
#: Rows of a full tile.
TALL = CHOSEN.rows
