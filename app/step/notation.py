"""Titles of instructions in the two notations: samples in rows (`Y = X W + b`) or in columns (`Z = Wᵀ X + b`)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from core.expressions import Expr, Product, Sum
from core.tape.symbols import VIA

if TYPE_CHECKING:
    from app.snapshots import InstructionView

PHASES = {
    "data": ("fwd", "Data"),
    "forward": ("fwd", "Forward"),
    "loss": ("loss", "Loss"),
    "backward": ("bwd", "Backward"),
    "update": ("tx2", "Update"),
}


# Spaces between words are kept; those around operators the formula layout makes itself.
_WORDS = re.compile(r"(?<=[\w)'’,;⟩])\s+(?=[\w(∂])|(?<=\bvia) +")


def title(instruction: InstructionView, notation: str = "rows") -> str:
    """Return the one line a listing shows for an instruction, for the formula layout."""
    line = instruction.title.replace("'", "’").replace("½ Σ", "½\\ Σ")
    if notation == "columns":
        line = _columns(instruction.op, line)
    return _WORDS.sub(r"\\ ", line)


@lru_cache(maxsize=1024)
def _columns(op: str, line: str) -> str:
    left, equals, right = line.partition(" = ")
    first, dot, second = right.partition("·")
    if not equals or not dot:
        return line
    if op == "matmul":
        return f"{left} = {_transposed(second)}·{first}"
    if op == "matmul_weight_grad":
        return f"{left} = {_transposed(first)}·{_transposed(second)}"
    if op == "matmul_input_grad":
        return f"{left} = {_transposed(second)}·{first}"
    return line


#: Products of a matrix of samples with a matrix of weights, in whose names the notations differ.
PRODUCTS = ("matmul", "matmul_weight_grad", "matmul_input_grad")

#: Which operands of a product stand turned round from how they are kept, by notation: samples are kept in rows.
_TURNED = {
    ("matmul", "rows"): (),
    ("matmul", "columns"): ("w", "x"),
    ("matmul_weight_grad", "rows"): ("x",),
    ("matmul_weight_grad", "columns"): ("x",),
    ("matmul_input_grad", "rows"): ("w",),
    ("matmul_input_grad", "columns"): ("dy",),
}


def is_turned(op: str, role: str, batch: bool, notation: str) -> bool:
    """Return whether a matrix is shown turned round from how the engine keeps it.

    Parameters
    ----------
    op, role
        The instruction, and the name of the operand in it; "" for what it makes.
    batch
        Its rows are samples.
    notation
        "rows" or "columns".
    """
    given = _TURNED.get((op, notation)) if role else None
    return role in given if given is not None else batch and notation == "columns"


def mark(symbol: str, turned: bool, batch: bool, notation: str) -> str:
    """Return a symbol with ᵀ where it is shown turned round from how the notation writes it."""
    return _transposed(symbol) if turned != (batch and notation == "columns") else symbol


# Instructions that fetch the batch or keep count; the textbook's formulas leave them out.
_COUNTING = ("accuracy_rows", "accumulate", "accumulate_penalty")
COPIES = ("choose_batch", "gather")


def counts(instruction: InstructionView) -> bool:
    """Return whether an instruction belongs to a metric."""
    return instruction.writes[:1] != () and instruction.writes[0].startswith(
        ("metrics/", "total/metrics/")
    )


def keeping(instruction: InstructionView) -> str:
    """Return "fetch" or "count" for an instruction no gradient goes through, else nothing."""
    if instruction.op in COPIES:
        return "fetch"
    if instruction.op in _COUNTING or counts(instruction):
        return "count"
    return ""


def _transposed(symbol: str) -> str:
    return symbol[:-1] if symbol.endswith("ᵀ") else symbol + "ᵀ"


def arranged(op: str, expr: Expr, notation: str) -> Expr:
    """Return the expression of one cell with the factors in the order of the notation."""
    if notation == "rows" or op not in ("matmul", "matmul_input_grad"):
        return expr
    if isinstance(expr, Sum):
        return Sum(tuple(
            Product(t.factors[::-1]) if isinstance(t, Product) and len(t.factors) == 2 else t
            for t in expr.terms
        ))  # fmt: skip
    return expr


_SHORT = {"choose_batch": "batch", "accumulate": "+Σ", "accumulate_penalty": "+Ω",
          "accumulate_counts": "+Σ", "outcomes": "TP…", "outcomes_by_threshold": "TP…"}  # fmt: skip


def short(instruction: InstructionView) -> str:
    """Return what an instruction computes, for the cells of the scrubber."""
    if instruction.op in _SHORT:
        return _SHORT[instruction.op]
    line = instruction.title
    for sign in (" = ", " ← "):
        line = line.partition(sign)[0]
    line = line.partition(VIA)[0]
    return {"accuracy": "acc"}.get(line, line.replace("∂L/", ""))
