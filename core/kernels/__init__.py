"""Numba kernels: only arrays and integers, out-parameters, nothing allocated, nothing raised.

Everything here is compiled code: it imports Numba and NumPy and nothing of `core`. The cache folder is keyed by a hash
of this folder's files (see `core.tape.cache`), because Numba does not notice edits in imported files.

Every table kernel has the signature ``(mem, ints, reals, state)``: the arena, the instruction's integers (offsets,
sizes, strides), its real constants, and the machine's state (`core.kernels.state`).
"""

import os

if os.environ.get("CHAINRULE_PROCESSOR"):
    # Before Numba is imported: it is told what to compile for.
    from core.kernels import processor as processor
