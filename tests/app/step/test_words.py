from __future__ import annotations

from app.step import words
from core.ops import operations


def test_every_sentence_belongs_to_an_operation() -> None:
    known = {op.name for op in operations()}
    assert set(words._GENERAL) <= known
    assert all(text.endswith(".") for text in words._GENERAL.values())
