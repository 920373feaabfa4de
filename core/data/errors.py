"""What can be wrong with data, as sentences."""

from __future__ import annotations

from core.errors import ChainruleError


class DataError(ChainruleError):
    """A data set does not exist, cannot be made as asked, or its file is damaged."""
