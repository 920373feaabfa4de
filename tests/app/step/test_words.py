from __future__ import annotations

from app.step import update_words, words
from core.ops import operations
from core.ops.update import Update


def test_every_sentence_belongs_to_an_operation() -> None:
    known = {op.name for op in operations()}
    assert set(words._GENERAL) <= known
    assert all(text.endswith(".") for text in words._GENERAL.values())


def test_every_optimizer_says_what_it_does() -> None:
    updates = {op.name for op in operations() if isinstance(op, Update)}
    assert set(update_words.UPDATES) == updates
    assert len(set(update_words.UPDATES.values())) == len(updates)
