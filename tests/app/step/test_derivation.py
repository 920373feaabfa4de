"""The gradient of a normalisation written out: every factor is what NumPy makes of the engine's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from app.step.card import build
from app.window.main import MainWindow


def _with(template: str, kind: str, index: int):
    def prepare(window: MainWindow) -> None:
        window.context.bus.do("template.open", name=template)
        window.context.bus.do("layer.add", kind=kind, index=index)

    return prepare


CASES = [
    (_with("spirals-mlp", "BatchNormalization", 2), "normalize_grad", (0,)),
    (_with("spirals-mlp", "LayerNormalization", 2), "row_normalize_grad", (1,)),
    (_with("digits-cnn", "BatchNormalization", 2), "normalize_grad", (0, 1, 2)),
]


@pytest.mark.parametrize(("stepping", "op", "axes"), CASES, indirect=["stepping"])
def test_the_ways_of_a_gradient_add_up_to_the_engine_s(stepping, op, axes):
    session = stepping.session
    line = next(one for one in session.program.instructions if one.op == op)
    stepping.seek(0, line.index + 1)
    g, hat, variance = (
        stepping.tensor(line.operands[role]).astype(np.float64) for role in ("dy", "y", "variance")
    )
    made = stepping.tensor(line.writes[0]).astype(np.float64)
    sigma = np.sqrt(variance + line.attributes["epsilon"])
    count = int(np.prod([g.shape[axis] for axis in axes]))
    over_mean = -(g.sum(axis=axes) / sigma)
    over_variance = -((g * hat).sum(axis=axes) / (2 * sigma**2))
    for cell in {(0,) * (g.ndim - 1), tuple(n - 1 for n in g.shape[1:])}:
        for row in (0, 3):
            stepping.do("select.row", row=row)
            stepping.do("select.cell", tensor=line.writes[0], index=list(cell))
            full = (row, *cell)
            stepping.until(lambda: build(session).parts.get("derivation") is not None)
            found = build(session).parts["derivation"]
            assert found.subject.index == full
            assert found.count == count
            own = full[-1:] if op == "normalize_grad" else full[:1]
            at = own if sigma.ndim == 1 else (*own, *(0,) * (sigma.ndim - 1))
            expected = [
                1 / sigma[at], over_mean[own], 1 / count, over_variance[own],
                2 * hat[full] * sigma[at] / count,
            ]  # fmt: skip
            np.testing.assert_allclose([one.value for one in found.steps], expected, rtol=2e-4, atol=1e-9)  # fmt: skip
            scale = abs(made).max()
            assert found.total == pytest.approx(made[full], rel=1e-4, abs=1e-6 * scale)
            assert found.total == pytest.approx(sum(a * b for _, (a, b) in found.ways))


@pytest.mark.parametrize("stepping", [CASES[0][0]], indirect=True)
def test_before_the_instruction_has_run_nothing_is_derived(stepping):
    session = stepping.session
    line = next(one for one in session.program.instructions if one.op == "normalize_grad")
    stepping.seek(0, line.index)
    stepping.do("step.inspect", instruction=line.index)
    stepping.qtbot.wait(200)
    assert "derivation" not in build(session).parts
