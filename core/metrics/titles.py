"""What metrics are called where a learner reads them."""

from __future__ import annotations

#: Names that plain words would spell wrong, or leave a question open.
_TITLES = {
    "auc": "AUC",
    "acc": "Accuracy",
    "mae": "Mean absolute error",
    "mse": "Mean squared error",
    "mape": "Mean absolute percentage error",
    "msle": "Mean squared logarithmic error",
    "bce": "Binary crossentropy",
    "r2_score": "R²",
    "f1_score": "F1 score",
    "fbeta_score": "F-beta score",
    "kl_divergence": "KL divergence",
    "top_k_categorical_accuracy": "Among the best k",
    "sparse_top_k_categorical_accuracy": "Among the best k",
}


def title(name: str) -> str:
    """What a logged metric is called: ``"val_precision_1/out"`` is "Precision 2, out".

    The second of a name is logged with a 1, as in Keras. Measured on held-out samples it is called the same.
    """
    plain, _, output = name.removeprefix("val_").partition("/")
    known = _TITLES.get(plain)
    head, _, number = plain.rpartition("_")
    if known is None and head and number.isdecimal():
        known = f"{title(head)} {int(number) + 1}"
    words = known or plain.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}" + (f", {output}" if output else "")
