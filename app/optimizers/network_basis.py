"""What a race on the learner's network was run on, and what of that is another by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from app.text import tr

if TYPE_CHECKING:
    from app.document import DataRef, Document
    from core.spec import Network, Training

#: Settings of the training that everybody in a race has, as they are called in a sentence.
_SHARED = {
    "loss": tr("the loss"), "metrics": tr("the metrics"), "weighted_metrics": tr("the metrics"),
    "batch_size": tr("the batch size"), "seed": tr("the seed"), "validation_split": tr("the validation split"),
    "truncated_bptt_steps": tr("the truncated backpropagation"), "class_weight": tr("the class weights"),
}  # fmt: skip


@dataclass(frozen=True)
class Basis:
    """What everybody in a race shares.

    Attributes
    ----------
    network, data, training
        Of the document. Of the training its optimizer, epochs and callbacks take no part in a race.
    """

    network: Network
    data: DataRef
    training: Training

    @classmethod
    def of(cls, document: Document) -> Basis:
        """What a race that is begun now is run on."""
        return cls(document.network, document.data, document.training)

    def changed(self, now: Basis) -> list[str]:
        """Name what a race that is begun now would have otherwise."""
        found = [tr("the network")] if self.network != now.network else []
        found += [tr("the data")] if self.data != now.data else []
        found += [
            words
            for name, words in _SHARED.items()
            if getattr(self.training, name) != getattr(now.training, name)
        ]
        return list(dict.fromkeys(found))

    def ended_by(self, now: Basis) -> list[str]:
        """Name the changes since that end a race that goes on: those after which the engine opens another run."""
        found = self.changed(now)
        before, after = (_without_rate(one.training) for one in (self, now))
        if before != after:
            found.append(tr("the optimizer of your run"))
        return found


def _without_rate(training: Training) -> dict[str, Any]:
    """The optimizer without its rate, which changes while a run goes on; a schedule does not."""
    config: dict[str, Any] = dict(msgspec.to_builtins(training.optimizer))
    if not isinstance(config.get("learning_rate"), dict):
        config.pop("learning_rate", None)
    return config


def listed(words: list[str]) -> str:
    """Return words as they stand in a sentence: "the loss, the seed and the data"."""
    if len(words) < 2:
        return "".join(words)
    return tr("{first} and {last}", first=", ".join(words[:-1]), last=words[-1])
