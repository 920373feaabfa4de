"""How a metric is written down: what it counts in a batch, the running sums of the epoch, and the numbers of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.ops.base import Instruction
from core.tape.tensors import Buffer, Shape, Tensor
from core.tape.totals import Total

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: Tells the number of the epoch from that of the batch.
_EPOCH = " (epoch)"


@dataclass(frozen=True, eq=False)
class Written:
    """What a metric has written: the number of this batch (None if it is no single one), and that of the epoch."""

    batch: Tensor | None
    total: Total


class Writing:
    """The place of one metric on the tape.

    Parameters
    ----------
    e
        The tape.
    label
        What names of its values begin with.
    p, target
        Predictions, and targets as the data has them.
    sparse
        True if targets are labels of classes.
    weight
        How much each list counts, or None.
    mask
        Which lists count, or None.
    known
        Finds numbers a list that the loss has computed already.
    shared
        What other metrics of this output have written: precision and recall count the same answers once.
    """

    def __init__(
        self,
        e: Emitter,
        label: str,
        p: Tensor,
        target: Tensor,
        *,
        sparse: bool,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
        known: Callable[[Any], Tensor | None] | None = None,
        shared: dict[Any, Tensor] | None = None,
    ) -> None:
        self.e, self.label, self.p, self.target, self.sparse = e, label, p, target, sparse
        self._weight, self._mask, self._known = weight, mask, known
        self._shared = {} if shared is None else shared

    def op(
        self, name: str, *operands: Tensor | None, role: str, symbol: str, **attributes: Any
    ) -> Tensor:
        """Write one instruction, unless another metric has written the same."""
        key = (name, *map(id, operands), repr(sorted(attributes.items())))
        if key not in self._shared:
            y = self.e.op(name, *operands, role=f"{self.label}/{role}", **attributes)
            y.symbol = symbol.replace("_", " ")
            self._shared[key] = y
        return self._shared[key]

    @property
    def weight(self) -> Tensor | None:
        """How much each list counts, without the mask: metrics of counts heed only that, as in Keras."""
        return self._weight

    def one_hot(self) -> Tensor:
        """Targets in the shape of the predictions; labels as rows with a 1."""
        if not self.sparse:
            return self.target
        return self.op("one_hot", self.target, role="targets", symbol="Y", output=self.p.shape)

    # ---- means ------------------------------------------------------------------------------------------------------

    def loss_rows(self, loss: Any) -> Tensor:
        """One number a list of a loss; what the training loss has computed is not computed again."""
        from core.tape.objective import read_targets, write_rows

        found = self._known(loss) if self._known is not None else None
        if found is not None:
            return found
        target = read_targets(self.e, self.label, self.target, self.p, loss)
        rows = write_rows(self.e, self.label, self.p, target, loss, 1.0)
        rows.symbol = "ℓ′"
        return rows

    def mean(
        self, rows: Tensor, symbol: str, *, masked: bool = True, ignore: int | None = None
    ) -> Written:
        """The mean of one number a list, each counting its weight and not at all where it is masked.

        Labels of the class `ignore` count nothing where there are weights or a mask. Without either they count as
        numbers of 0, as in Keras.
        """
        symbol = symbol.replace("_", " ")
        share = self._share(masked=masked)
        if share is not None and ignore is not None:
            counts = self.op("label_counts", self.target, role="counts", symbol="c",
                             output=rows.shape, ignore=ignore)  # fmt: skip
            share = self.op("multiply", share, counts, role="counted", symbol="s")
        if share is None:
            batch = self.op("batch_mean", rows, role="batch", symbol=symbol, mean=True)
        else:
            batch = self.op("weighted_mean", share, rows, role="batch", symbol=symbol)
        pair = tuple(self._running(what, (), f"{what} {symbol}") for what in ("sum", "count"))
        inputs = {"x": rows, "total": pair[0], "count": pair[1]}
        if share is not None:
            inputs["m"] = share
        self._append(
            Instruction("accumulate", inputs, {"y": pair[0], "n": pair[1]}, {}, "", "loss")
        )
        return Written(batch, Total(pair[0], pair[1], sums=pair))

    def _share(self, *, masked: bool) -> Tensor | None:
        weight, mask = self._weight, self._mask if masked else None
        if weight is None or mask is None:
            return mask if weight is None else weight
        return self.op("multiply", weight, mask, role="share", symbol="s")

    # ---- counts -----------------------------------------------------------------------------------------------------

    def scored(
        self,
        counts: Tensor,
        score: Callable[[Tensor, str], tuple[Tensor, Tensor | None]],
        joined: str = "accumulate_counts",
    ) -> Written:
        """Add what is counted to the epoch's sums; `score` writes the number of either.

        `score` takes counts and a role, and returns the number and, if there are several, those it is made of.
        `joined` is the operation that adds a batch.
        """
        batch, _ = score(counts, "batch")
        total = self.summed(counts, joined)
        value, result = score(total, "epoch")
        if not value.symbol.endswith(_EPOCH):
            value.symbol += _EPOCH
        return Written(batch, Total(value, result=result, sums=(total,)))

    def summed(self, counts: Tensor, joined: str = "accumulate_counts") -> Tensor:
        """Running sums over the epoch."""
        if ("sums", id(counts)) in self._shared:
            return self._shared["sums", id(counts)]
        total = self._running("sums", counts.shape, f"Σ {counts.symbol}")
        inputs = {"x": counts, "total": total}
        self._append(Instruction(joined, inputs, {"y": total}, {}, "", "loss"))
        self._shared["sums", id(counts)] = total
        return total

    def _running(self, what: str, shape: Shape, symbol: str) -> Tensor:
        size = 1
        for n in shape:
            size *= n
        name = f"total/{self.label}/{what}"
        return Tensor(name, shape, Buffer(size, False, "totals"), symbol=symbol, role="statistic")

    def _append(self, ins: Instruction) -> None:
        self.e.instructions.append(ins)
