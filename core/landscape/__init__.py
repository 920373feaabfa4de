"""Landscapes: a loss as a surface, and the ways optimizers take down it."""

from __future__ import annotations
