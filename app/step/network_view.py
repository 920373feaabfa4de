"""The document's network as the scenes see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.document import data_info
from app.scenes import spec_view
from core import losses
from core.spec import training

if TYPE_CHECKING:
    from app.document import Document
    from app.snapshots import NetworkView


def loss_name(loss: str | dict[str, Any]) -> str:
    """Return the short name a loss is shown by."""
    kind = training.loss_name(loss)
    if kind not in losses.names():
        return kind.replace("_", " ")
    found = losses.get(kind)
    return found.abbreviation or found.brief or found.title


def network_view(document: Document) -> NetworkView:
    """Return the network with its shapes; the same object while nothing has changed."""
    return spec_view.network_view(
        document.network, document.inspection, data_info(document.data), document.name
    )
