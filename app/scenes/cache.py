"""Bounded stores for pictures that do not change from frame to frame.

Each thread has its own: an exporter paints beside the window and QImages must not be drawn on by two threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Cache:
    """Keeps the `limit` results used last.

    Parameters
    ----------
    limit
        How many results to keep in each thread.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._local = threading.local()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is stored under `key`, or make and store it."""
        store = self._local.__dict__.setdefault("store", OrderedDict())
        if key in store:
            store.move_to_end(key)
            return store[key]
        value = store[key] = make()
        while len(store) > self._limit:
            store.popitem(last=False)
        return value

    def known(self, key: Hashable) -> Any:
        """Return what is stored under `key`, or None."""
        return self._local.__dict__.get("store", {}).get(key)

    def clear(self) -> None:
        """Forget what this thread has stored."""
        self._local.__dict__.pop("store", None)
