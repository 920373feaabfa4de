"""What metrics are called where a learner reads them."""

from __future__ import annotations

import re

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


#: Metrics called after how many of the best they look at, as forms name them.
_BEST = re.compile(r"(?:sparse_)?top_(\d+)_categorical_accuracy")


def title(name: str) -> str:
    """What a logged metric is called: ``"val_precision_1/out"`` is "Precision 2, out".

    The second of a name is logged with a 1, as in Keras. Measured on held-out samples it is called the same.
    """
    plain, _, output = name.removeprefix("val_").partition("/")
    known = _TITLES.get(plain)
    if best := _BEST.fullmatch(plain):
        known = f"Among the best {best[1]}"
    head, _, number = plain.rpartition("_")
    if known is None and head and number.isdecimal():
        known = f"{title(head)} {int(number) + 1}"
    words = known or plain.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}" + (f", {output}" if output else "")
