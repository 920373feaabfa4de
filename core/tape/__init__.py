"""Compiling a network to a tape, the arena it runs in, and the machine that runs any range of it."""

from __future__ import annotations
