"""How a command says that it cannot go on."""

from __future__ import annotations


class UsageError(Exception):
    """The command was used wrongly: one line on standard error and exit code 2."""


class FailedError(Exception):
    """The command was right but failed: one line on standard error and exit code 1."""
