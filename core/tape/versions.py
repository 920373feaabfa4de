"""Versions of libraries without importing them."""

from __future__ import annotations

from importlib import metadata


def numba_version() -> str:
    """Numba's version; importing it would take half a second."""
    try:
        return metadata.version("numba")
    except metadata.PackageNotFoundError:
        return "unknown"
