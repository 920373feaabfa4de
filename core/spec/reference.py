"""How a document names what a node gives: ``"lstm_1"`` is its first output, ``"lstm_1:1"`` the one after."""

from __future__ import annotations

from collections.abc import Container


def reference(node: str, output: int = 0) -> str:
    """The name of an output of a node."""
    return f"{node}:{output}" if output else node


def source_of(text: str, nodes: Container[str]) -> tuple[str, int]:
    """(node, number of the output, from 0) that a reference means.

    A node that is called exactly so comes first: documents written before layers had several outputs may have colons
    in their ids.
    """
    if text not in nodes:
        node, _, number = text.rpartition(":")
        if node in nodes and number.isascii() and number.isdecimal() and len(number) < 10:
            return node, int(number)
    return text, 0
