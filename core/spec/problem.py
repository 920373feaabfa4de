"""What is wrong with a network, and how it can be repaired, as values."""

from __future__ import annotations

from dataclasses import dataclass

from core.spec.network import Network


@dataclass(frozen=True)
class Fix:
    """A repair: its label for a button, and the repaired network."""

    label: str
    network: Network


@dataclass(frozen=True)
class Problem:
    """Why a network cannot be trained.

    Attributes
    ----------
    layer
        Id of the layer that is wrong; None if it is the whole network.
    title
        What it needs, in a few words.
    sentence
        What it got, and what to do.
    fix
        A repair, where there is an obvious one.
    """

    layer: str | None
    title: str
    sentence: str
    fix: Fix | None = None
