"""What the registry does not say about a layer: settings to try besides those that follow from its table.

Needed only where a layer's defaults do not work, or where settings have to change together.
"""

from __future__ import annotations

from typing import Any

#: Smallest settings, instead of those made from the table.
SMALLEST: dict[str, dict[str, Any]] = {}

#: By kind: a label, and what is changed in the smallest settings.
MORE: dict[str, dict[str, dict[str, Any]]] = {}

#: Shapes of data, for a kind that works with none of a list, an image, a sequence.
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {}
