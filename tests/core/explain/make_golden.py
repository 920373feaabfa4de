"""Ask Captum for the attributions of the cases, and keep them in ``golden.npz`` next to this file.

Needs the conformance extra: ``python -m tests.core.explain.make_golden``.
"""

from __future__ import annotations

import numpy as np

from tests.core.explain.captum_side import answers, versions
from tests.core.explain.cases import CASES, GOLDEN

if __name__ == "__main__":
    np.savez_compressed(GOLDEN, versions=np.array(versions()), **answers(CASES))
    print(f"{GOLDEN.name}: {len(CASES)} cases, {GOLDEN.stat().st_size / 1000:.0f} kB, {versions()}")
