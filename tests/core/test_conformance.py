"""The table of what is proven names everything that is registered, and nothing in it is above its bound."""

from __future__ import annotations

from functools import cache

import pytest

from core import (
    activations,
    callbacks,
    initializers,
    landscape,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from core.layers import registry
from tests.core import conformance
from tests.core.explain.cases import CASES as EXPLAINED
from tests.core.golden import freezing

REGISTERED = {
    "Layers": [kind.__name__ for kind in registry.kinds()],
    "Activations": activations.names(),
    "Losses": losses.names(),
    "Optimizers": optimizers.names(),
    "Schedules": schedules.names(),
    "Initializers": initializers.names(),
    "Regularizers": regularizers.names(),
    "Metrics": metrics.names(),
    "Freezing": list(freezing.CASES),
    "Attribution": sorted({case.method for case in EXPLAINED}),
    "Surfaces": [*landscape.names(), "typed formulas"],
    "Ways over surfaces": optimizers.names(),
    "Callbacks": [name for name in callbacks.__all__ if name not in ("Callback", "CallbackList")],
}
#: Of the columns forward, backward, check, check in float32.
BOUNDS = (1e-5, 1e-5, 1e-5, 1e-3)
#: Attributions are compared with Captum, whose sums are taken in another order.
BOUNDS_OF = {
    "Attribution": (1e-4, 1e-4, 1e-4, 1e-4),
    "Surfaces": (1e-12, 1e-12, 0.0, 0.0),
    "Ways over surfaces": (1e-6, 0.0, 0.0, 0.0),
}


@cache
def written() -> dict[str, dict[str, list[str]]]:
    """Cells by section and name."""
    found: dict[str, dict[str, list[str]]] = {}
    rows: dict[str, list[str]] = {}
    for line in conformance.PATH.read_text("utf-8").splitlines():
        if line.startswith("## "):
            rows = found.setdefault(line[3:], {})
        elif line.startswith("| ") and not line.startswith(("| Name", "| ---")):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            rows[name] = cells
    return found


@pytest.mark.parametrize("section", REGISTERED)
def test_everything_registered_is_in_the_table(section: str) -> None:
    assert set(written()[section]) == set(REGISTERED[section]), "write it again: make table"


def test_no_error_is_above_its_bound() -> None:
    for section, rows in written().items():
        for name, (_, _, *errors) in rows.items():
            for text, bound in zip(errors, BOUNDS_OF.get(section, BOUNDS), strict=True):
                if text != "–":
                    assert float(text.split()[0]) <= bound, name


@pytest.mark.parametrize(
    "section", ["Layers", "Activations", "Losses", "Optimizers", "Regularizers"]
)
def test_everything_is_compared_in_stored_cases(section: str) -> None:
    without = [name for name, cells in written()[section].items() if cells[1] == "–"]
    assert without == []


@pytest.mark.parametrize("section", ["Layers", "Activations", "Losses", "Regularizers"])
def test_every_gradient_is_checked(section: str) -> None:
    assert [name for name, cells in written()[section].items() if cells[4] == "–"] == []


@pytest.mark.wide
def test_measured_anew_no_error_is_above_its_bound() -> None:
    for section, lines in conformance.sections().items():
        for line in lines:
            errors = (line.forward, line.backward, line.check, line.check32)
            for error, bound in zip(errors, BOUNDS_OF.get(section, BOUNDS), strict=True):
                assert error is None or error <= bound, line
