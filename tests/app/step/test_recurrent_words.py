"""Every instruction of a recurrent layer says in words what it is for."""

from __future__ import annotations

import pytest

from app.step.recurrent_words import RECURRENT, of_time_step
from core.ops.base import operations
from core.spec import Network
from core.tape.compiler import compile_network
from tests.core.networks import chain

EMBEDDED = ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True})


def forward(network: Network) -> list[tuple[str, str]]:
    return [
        (ins.op, of_time_step([ins.output.name], ins.phase) or RECURRENT.get(ins.op, ""))
        for ins in compile_network(network, "predict").instructions
    ]


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_no_instruction_of_a_time_step_is_without_words(kind: str) -> None:
    for config in ({}, {"stateful": True}, {"reset_after": False} if kind == "GRU" else {}):
        found = forward(chain((3,), EMBEDDED, (kind, {"units": 2, **config})))
        # What has none is general: tokens, the mask, the product of the whole input, biases.
        assert {op for op, words in found if not words} <= {
            "bias_add",
            "embed",
            "matmul",
            "not_equal_zero",
        }
        for _, words in found:
            assert not words or words.endswith(".")


def test_words_are_of_operations_there_are() -> None:
    assert set(RECURRENT) <= {op.name for op in operations()}


def test_other_layers_keep_their_words() -> None:
    assert of_time_step(["dense_1/z"], "forward") == ""
    assert of_time_step(["grad/lstm_1/i/3"], "backward") == ""
    assert of_time_step(["lstm_1/i/3"], "forward").startswith("The input gate")
    assert of_time_step(["bidirectional_1/backward/o/0"], "forward").startswith("The output gate")
