"""What a template compiles before its first step: kernels are per operation, not per network."""

from __future__ import annotations

import pytest

from app.engine.warm import helpers_for, jobs_of
from core import templates
from core.spec import new_layer

#: Each takes 0.2 to 5 s the first time: more than these and a template opens noticeably later. Found in November 2026:
#: 15 to 18 for lists of numbers, 23 for the CNN of the digits, 29 for a GRU, whose gates add, multiply and complement.
MOST = 29


@pytest.mark.parametrize("name", templates.names())
def test_a_template_needs_few_kernels(name: str) -> None:
    template = templates.load(name)
    jobs = jobs_of(template.network, template.training)
    assert len(jobs) == len(set(jobs)) <= MOST, jobs


def test_more_layers_of_a_kind_need_no_more_kernels() -> None:
    template = templates.load("spirals-mlp")
    network = template.network
    before = set(jobs_of(network, template.training))
    second = network.layers[1]
    for _ in range(3):
        network = network.insert(1, new_layer(second.kind, network, **second.config))
    assert set(jobs_of(network, template.training)) == before


@pytest.mark.parametrize(
    ("missing", "processors", "expected"),
    [(25, 1, 0), (25, 2, 1), (25, 4, 2), (25, 16, 3), (3, 16, 0), (9, 16, 2), (0, 2, 0)],
)
def test_as_many_processes_compile_as_have_a_processor_and_work(
    missing: int, processors: int, expected: int
) -> None:
    assert helpers_for(missing, processors) == expected
