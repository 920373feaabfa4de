"""How large the map of a layer is, as a formula with the numbers in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes.closeups.windows_layout import writer
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.walk_seen import Seen


def size_words(seen: Seen) -> str:
    """The formula of the map's size with the numbers in it: "⌊(28 + 2·1 − 3) / 1⌋ + 1 = 28"; "" for dense layers."""
    if seen.dense:
        return ""
    found = [_length(seen, axis) for axis in (0, 1)]
    return found[0] if found[0] == found[1] else f"{found[0]},  {found[1]}"


def size_rule(seen: Seen) -> str:
    """The same with letters."""
    made = writer(seen.subject.program, seen.subject.instruction.operands["x"])
    if made is not None and made.op == "spread2d":
        return tr("(n − 1)·stride + kernel − cropped")
    dilated = max(seen.subject.instruction.attributes.get("dilation", (1, 1))) > 1
    if dilated:
        return tr("⌊(n + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1")
    return tr("⌊(n + padding − window) / stride⌋ + 1")


def _length(seen: Seen, axis: int) -> str:
    line, program = seen.subject.instruction, seen.subject.program
    out, given = seen.map.shape[axis], line.attributes
    if line.op == "global_max":
        given = {"pool": seen.read.shape, "strides": seen.read.shape, "before": (0, 0)}
        out = 1
    if not seen.sums:
        n, k, s, before = (
            seen.read.shape[axis],
            given["pool"][axis],
            given["strides"][axis],
            given["before"][axis],
        )
        after = max(0, (out - 1) * s + k - n - before) if before or (out - 1) * s + k > n else 0
        return f"⌊({n}{_padding(before, after)} − {k}) / {s}⌋ + 1 = {out}"
    k, s, d = seen.terms.grid[axis], given["strides"][axis], given.get("dilation", (1, 1))[axis]
    reach = f" − {d}·({k} − 1) − 1" if d > 1 else f" − {k}"
    made = writer(program, line.operands["x"])
    if made is not None and made.layer == line.layer and made.op == "spread2d":
        n = program.tensors[made.operands["x"]].shape[axis]
        s, long = made.attributes["strides"][axis], d * (k - 1) + 1
        whole = (n - 1) * s + long
        wide = f"{d}·({k} − 1) + 1" if d > 1 else str(k)
        cut = f" − {whole - out}" if whole > out else f" + {out - whole}" if out > whole else ""
        return f"({n} − 1)·{s} + {wide}{cut} = {out}"
    before = after = 0
    n = seen.read.shape[axis]
    if made is not None and made.layer == line.layer and made.op == "pad2d":
        n = program.tensors[made.operands["x"]].shape[axis]
        before, after = made.attributes["before"][axis], made.attributes["after"][axis]
    return f"⌊({n}{_padding(before, after)}{reach}) / {s}⌋ + 1 = {out}"


def _padding(before: int, after: int) -> str:
    if not before and not after:
        return ""
    return f" + 2·{before}" if before == after else f" + {before} + {after}"
