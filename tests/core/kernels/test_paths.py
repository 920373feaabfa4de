"""Every path of kernels, forced in a child process: it trains, its gradients are right, its code is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.kernels import processor
from core.kernels.processor import PATHS

ROOT = Path(__file__).resolve().parents[3]
#: What this processor can do.
HERE = sorted(processor._WITHIN[processor._host()])


def child(module: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests with other settings."""
    plain = {
        key: value
        for key, value in os.environ.items()
        if key not in ("CHAINRULE_PROCESSOR", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
    }
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT, env={**plain, **environment}, capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip


@cache
def trained(path: str) -> dict[str, Any]:
    """What the child says of itself on a path."""
    done = child("tests.core.kernels.path_child", CHAINRULE_PROCESSOR=path)
    assert "Exception ignored" not in done.stderr, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", HERE)
def test_a_path_trains_and_its_gradients_are_right(path: str) -> None:
    report = trained(path)
    assert report["path"] == path
    for name, network in report["networks"].items():
        for dtype, (fine, error) in network["gradients"].items():
            assert fine, f"{name} in {dtype}: {error}"
        losses = network["losses"]
        assert losses[-1] < losses[0], name


def test_paths_with_the_same_multiply_add_give_the_same_bits() -> None:
    """Neither lanes nor tiles nor masks change a bit; one rounding instead of two does."""
    for fused in (True, False):
        paths = [path for path in HERE if PATHS[path].fused == fused]
        for name in ("mlp", "cnn", "lstm", "few"):
            digests = {path: trained(path)["networks"][name]["digest"] for path in paths}
            assert len(set(digests.values())) <= 1, (name, digests)


def test_paths_with_another_multiply_add_agree_closely() -> None:
    for name in ("mlp", "cnn", "lstm", "few"):
        sizes = [trained(path)["networks"][name]["weights"] for path in HERE]
        assert max(sizes) == pytest.approx(min(sizes), rel=1e-4), name


@pytest.mark.parametrize("path", HERE)
def test_superinstructions_make_the_same_bits_on_every_path(path: str) -> None:
    assert trained(path)["fused"] == {"LSTM": True, "GRU": True}


@pytest.mark.parametrize("path", HERE)
def test_the_code_of_a_path_is_for_that_processor(path: str) -> None:
    """Code for AVX2 must run on AVX2: nothing wider, and no fused multiply-add where there is none."""
    chosen = PATHS[path]
    for name, found in trained(path)["code"].items():
        if chosen.lanes < 16:
            assert found["zmm"] == 0, name
        if chosen.lanes < 8:
            assert found["ymm"] == 0, name
        if not chosen.fused:
            assert found["fused"] == 0, name
    tile = trained(path)["code"]["one_tile"]
    if chosen.lanes == 1:
        return
    assert tile[{16: "zmm", 8: "ymm", 4: "xmm"}[chosen.lanes]] > 0
    # The tile's multiply-adds are there once each, or as often as LLVM unrolled the loop: none was taken apart.
    operations = chosen.rows * 2 * (1 if chosen.fused else 2)
    assert tile["packed"] >= operations
    assert tile["packed"] % operations == 0
    assert trained(path)["code"]["tanh"]["packed"] > 10


def test_what_this_processor_lacks_is_refused_with_what_it_has() -> None:
    wanted = next(path for path in PATHS if path not in HERE)
    done = child("tests.core.kernels.path_name", CHAINRULE_PROCESSOR=wanted)
    assert f"CHAINRULE_PROCESSOR={wanted} is not what this processor has" in done.stderr
    assert "plain" in done.stderr
    done = child("tests.core.kernels.path_name", CHAINRULE_PROCESSOR="turbo")
    assert "CHAINRULE_PROCESSOR=turbo is not a path" in done.stderr


@pytest.mark.parametrize(
    ("triple", "name", "features", "expected"),
    [
        ("x86_64-unknown-linux-gnu", "skylake-avx512", "", "avx512"),
        ("x86_64-pc-windows-msvc", "znver4", "", "avx512"),
        ("x86_64-unknown-linux-gnu", "haswell", "", "avx2"),
        ("x86_64-pc-windows-msvc", "skylake-avx512", "-avx512f", "avx2"),
        # AVX without fused multiply-adds: taking them apart in libm would cost a hundred times as much.
        ("x86_64-unknown-linux-gnu", "sandybridge", "", "sse"),
        ("x86_64-unknown-linux-gnu", "generic", "", "sse"),
        ("arm64-apple-darwin", "apple-m1", "", "neon"),
        ("aarch64-unknown-linux-gnu", "generic", "+neon", "neon"),
        ("armv7-unknown-linux-gnueabihf", "generic", "", "plain"),
        ("powerpc64le-unknown-linux-gnu", "pwr9", "", "plain"),
        ("riscv64-unknown-linux-gnu", "generic-rv64", "", "plain"),
        ("made-up-processor", "", "", "plain"),
    ],
)  # fmt: skip
def test_the_compiler_tells_the_path(triple: str, name: str, features: str, expected: str) -> None:
    from llvmlite import binding

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    assert processor.best(triple, name, features) == expected


def test_what_numba_compiles_for_decides() -> None:
    """A learner's own setting of Numba is respected."""
    done = child(
        "tests.core.kernels.path_name", NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="-avx512f"
    )
    expected = "avx2" if "avx2" in HERE else "neon" if "neon" in HERE else "plain"
    assert done.stdout.strip() == expected


def test_neon_assembles_without_taking_registers_apart() -> None:
    """Compiled for ARM here, not run: fused multiply-adds of four lanes, no masked loads, no calls."""
    report = json.loads(child("tests.core.kernels.neon_child").stdout)
    for name, found in report.items():
        assert found["bytes"] > 1000, name
        assert found["masked"] == 0, name
        assert found["calls"] == [], name
        assert found["packed"] > 0, name
    neon = PATHS["neon"]
    # Tiles of 8, 4 and 1 rows and of two registers and one.
    assert report["products"]["fused"] == (neon.rows + 4 + 1) * (2 + 1)
    assert report["tanh"]["fused"] > 5
