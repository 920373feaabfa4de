"""The engine as the window sees it: a proxy on the interface thread, a worker thread behind it.

The proxy is cheap to import and never touches Numba; the worker imports it on its own thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engine.state import SPEEDS, EngineState, Speed, Work, speed_of

if TYPE_CHECKING:
    from app.engine.proxy import Engine

__all__ = ["SPEEDS", "Engine", "EngineState", "Speed", "Work", "speed_of"]


def __getattr__(name: str) -> Any:
    """Import the proxy, and Qt with it, only for those who want it: the warm-up process does not."""
    if name == "Engine":
        from app.engine.proxy import Engine

        return Engine
    message = f"module 'app.engine' has no attribute {name!r}"
    raise AttributeError(message)
