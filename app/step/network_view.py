"""The document's network as the scenes see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.document import data_info
from app.scenes import spec_view
from core.spec import training

if TYPE_CHECKING:
    from app.document import Document
    from app.snapshots import NetworkView

_LOSSES = {
    "half_squared_error": "½ SE",
    "mse": "MSE",
    "mean_squared_error": "MSE",
    "binary_crossentropy": "BCE",
    "categorical_crossentropy": "CCE",
    "sparse_categorical_crossentropy": "CCE",
    "mean_absolute_error": "MAE",
    "mean_absolute_percentage_error": "MAPE",
    "mean_squared_logarithmic_error": "MSLE",
    "kl_divergence": "KL",
}


def loss_name(loss: str | dict[str, Any]) -> str:
    """Return the short name a loss is shown by."""
    kind = training.loss_name(loss)
    return _LOSSES.get(kind, kind.replace("_", " "))


def network_view(document: Document) -> NetworkView:
    """Return the network with its shapes; the same object while nothing has changed."""
    return spec_view.network_view(
        document.network, document.inspection, data_info(document.data), document.name
    )
