"""Compiles kernels for an ARM processor on another one and prints what their assembly has, as JSON.

NEON cannot be run here. What can be had is the code: Numba's LLVM IR of the kernels as the ``neon`` path writes them,
before any optimization, then optimized and assembled for aarch64 by LLVM.
"""

from __future__ import annotations

import json
import os
import re
import sys

os.environ["NUMBA_OPT"] = "0"
os.environ.pop("CHAINRULE_PROCESSOR", None)

from core.kernels import processor

processor.CHOSEN = processor.PATHS["neon"]
processor.LANES32, processor.TALL = processor.CHOSEN.lanes, processor.CHOSEN.rows

from llvmlite import binding  # noqa: E402
from numba import njit, types  # noqa: E402

from core.kernels import convolution, dense, elementwise, products  # noqa: E402

TRIPLE = "aarch64-unknown-linux-gnu"


def main() -> None:
    """Every kernel that is written in registers, and one that LLVM vectorises by itself."""
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    machine = binding.Target.from_triple(TRIPLE).create_target_machine(
        cpu="generic", features="+neon", opt=3
    )
    signature = types.void(
        types.float32[::1], types.int64[::1], types.float64[::1], types.int64[::1]
    )
    report = {}
    for kernel in (
        products.products,
        dense.bias_add,
        dense.column_sum,
        convolution.max_pool2d,
        convolution.max_pool2d_grad,
        elementwise.tanh,
    ):
        dispatcher = njit(nogil=True, error_model="numpy")(kernel)
        dispatcher.compile(signature)
        (text,) = dispatcher.inspect_llvm().values()
        text = re.sub(r"^target (triple|datalayout).*$", "", text, flags=re.MULTILINE)
        module = binding.parse_assembly(f'target triple = "{TRIPLE}"\n{text}')
        module.data_layout = str(machine.target_data)
        module.verify()
        options = binding.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = True
        passes = binding.create_pass_builder(machine, options)
        passes.getModulePassManager().run(module, passes)
        assembly = machine.emit_assembly(module)
        report[kernel.__name__] = {
            "bytes": len(machine.emit_object(module)),
            "masked": len(re.findall(r"llvm\.masked", str(module))),
            "fused": len(re.findall(r"\bfmla\s+v\d+\.4s", assembly)),
            "packed": len(re.findall(r"\.4s", assembly)),
            "calls": sorted(set(re.findall(r"\bbl\s+((?:fma|exp|tanh|fmax)\w*)", assembly))),
        }
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
