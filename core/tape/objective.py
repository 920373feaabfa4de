"""What is minimised and what is measured: losses of the outputs, metrics, and their sums over an epoch."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from core.errors import ChainruleError, SettingError
from core.ops import averages
from core.ops.base import Instruction
from core.tape.tensors import Buffer, Shape, Tensor, superscript
from core.tape.totals import Total
from core.tape.writing import Writing

if TYPE_CHECKING:
    from core.losses import Loss
    from core.metrics import Measured
    from core.tape.emitter import Emitter


#: What a loss is told that does not change its numbers before they are reduced.
_REDUCING = ("reduction", "name", "dtype")


def target_shape(shape: Shape, loss: Loss) -> Shape:
    """Shape of the targets of an output of this shape: its own, or a label for each list along its last axis."""
    return (shape[:-1] or (1,)) if loss.sparse else shape


def read_targets(e: Emitter, label: str, target: Tensor, p: Tensor, loss: Loss) -> Tensor:
    """Targets in the form in which the loss reads them."""
    if loss.label_smoothing:
        scale, shift = loss.smoothing(p.last)
        target = e.op("smooth_labels", target, role=f"{label}/targets", scale=scale, shift=shift)
        target.symbol = "ỹ"
    if loss.signed:
        target = e.op("signed_labels", target, role=f"{label}/targets")
        target.symbol = "ỹ"
    return target


def write_rows(
    e: Emitter, label: str, p: Tensor, target: Tensor, loss: Loss, weight: float
) -> Tensor:
    """One number for each list of an output."""
    operation, constants = loss.operation, loss.constants(p)
    if loss.from_logits:
        e.op(loss.link, p, role=f"{label}/p").symbol = "p"
        operation = loss.logits_operation
    elif loss.link == "softmax":
        made_by = e.producer(p)
        constants["divide"] = made_by is None or made_by.op != "softmax"
    return e.op(
        operation, p, target, role=f"{label}/rows", mean=loss.mean, weight=weight, **constants
    )


class Objective:
    """Writes the instructions of the phase "loss".

    Parameters
    ----------
    e
        The tape, standing behind the forward pass.
    targets, weights
        What the data provides by output: targets, and weights of samples (or of their time steps) if there are any.

    Attributes
    ----------
    heads
        Instructions that gradients start from.
    watch
        Scalars by name; the loss is not among them.
    totals
        What the numbers of an epoch are read from, by name.
    """

    def __init__(
        self, e: Emitter, targets: dict[str, Tensor], weights: dict[str, Tensor], *, many: bool
    ) -> None:
        self.e, self._targets, self._weights, self._many = e, targets, weights, many
        self.heads: list[Instruction] = []
        self.watch: dict[str, Tensor] = {}
        self.totals: dict[str, Total] = {}
        self._losses: list[tuple[Tensor, float]] = []
        self._shared: dict[str, dict[Any, Tensor]] = {}

    # ---- one output -------------------------------------------------------------------------------------------------

    def output(
        self, node: str, p: Tensor, loss: Loss, weight: float, metrics: list[Measured]
    ) -> None:
        """Write the loss of one output, and its metrics."""
        e = self.e
        if loss.reduction is None:
            raise SettingError(
                f"{loss.name} with reduction None gives a list of numbers; training makes one number smaller. Use "
                '"sum_over_batch_size" or "sum".',
                "reduction",
            )
        label = f"loss/{node}" if self._many else "loss"
        number = superscript(len(self._losses) + 1) if self._many else ""
        target = self._target(node, p, loss)
        rows = write_rows(e, label, p, read_targets(e, label, target, p, loss), loss, weight)
        rows.symbol = "ℓ" + number
        mask = self._mask(p, rows)
        share = self._share(label, node, target, rows, mask, loss)
        if share is None:
            self._begin_at(rows)
            scalar = e.op("batch_mean", rows, role=label, mean=loss.mean)
        else:
            share.symbol = "s" + number
            scalar = e.op("shared_sum", share, rows, role=label)
            self._begin_at(scalar)
        scalar.name, scalar.symbol = label, "L" + number
        self._losses.append((scalar, weight))
        if self._many or weight == 1.0:
            # The mean over an epoch: of every number, or, as Keras does, of the loss of each batch for its samples.
            self._total(label, rows if share is None and loss.mean else scalar)
        for one in metrics:
            self._metric(one, node, p, target, loss, mask, rows)

    def _begin_at(self, t: Tensor) -> None:
        """Let gradients start from the instruction that writes this."""
        made_by = self.e.producer(t)
        assert made_by is not None
        self.heads.append(made_by)

    def _target(self, node: str, p: Tensor, loss: Loss) -> Tensor:
        if node not in self._targets:
            shape = target_shape(p.shape, loss)
            self._targets[node] = Tensor(
                "targets", shape, Buffer(prod(shape), True, "values"), symbol="y", role="data"
            )
        return self._targets[node]

    def _mask(self, p: Tensor, rows: Tensor) -> Tensor | None:
        """Which numbers of the loss count, if the output has a mask."""
        mask = self.e.mask_of(p)
        if mask is None:
            return None
        if mask.shape != rows.shape:
            shapes = ["×".join(map(str, t.shape)) or "one number" for t in (mask, rows)]
            raise ChainruleError(
                f"The output carries a mask of {shapes[0]}, but the loss gives {shapes[1]} a sample. Let the layer "
                "before the output end the mask, for example an LSTM without return_sequences."
            )
        return mask if mask.packed else self.e.op("copy", mask, role="loss/mask")

    def _share(
        self,
        label: str,
        node: str,
        target: Tensor,
        rows: Tensor,
        mask: Tensor | None,
        loss: Loss,
    ) -> Tensor | None:
        """What each number of the loss counts; None if all count the same."""
        e, weight = self.e, self._weights.get(node)
        if loss.ignore_class is not None:
            counts = e.op("label_counts", target, role=f"{label}/counts",
                          output=rows.shape, ignore=loss.ignore_class)  # fmt: skip
            counts.symbol = "c"
            if mask is not None:
                mask = e.op("multiply", mask, counts, role=f"{label}/mask")
                mask.symbol = "m"
            else:
                mask = counts
        if weight is None and mask is None:
            return None
        if not loss.mean:
            way = averages.TOTAL
        elif loss.reduction == "mean_with_sample_weight":
            way = averages.WEIGHTS
        else:
            way = averages.COUNT if mask is None else averages.COUNTING
        return e.op("loss_share", weight, mask, role=f"{label}/share", way=way)

    # ---- all outputs ------------------------------------------------------------------------------------------------

    def total(self) -> Tensor:
        """Write the weighted sum of the losses; returns it."""
        e = self.e
        whole, weight = self._losses[0]
        if not self._many and weight != 1.0:
            whole.name, whole.symbol = "loss/unweighted", "L₀"
            whole = e.op("weighted_sum", whole, None, role="loss", weights=(weight, 0.0))
            whole.name, whole.symbol = "loss", "L"
            self._total("loss", whole)
        for k, (scalar, other) in enumerate(self._losses[1:]):
            first = weight if k == 0 else 1.0
            whole = e.op("weighted_sum", whole, scalar, role="loss", weights=(first, other))
            last = k == len(self._losses) - 2
            so_far = "".join(f"⁺{superscript(n + 1)}" for n in range(k + 2))
            whole.name = "loss" if last else f"loss/sum/{k + 1}"
            whole.symbol = "L" if last else f"L{so_far[1:]}"
        if self._many:
            self._total("loss", whole)
        self.totals = {"loss": self.totals["loss"], **self.totals}
        return whole

    # ---- what is counted --------------------------------------------------------------------------------------------

    def _metric(
        self,
        one: Measured,
        node: str,
        p: Tensor,
        target: Tensor,
        loss: Loss,
        mask: Tensor | None,
        rows: Tensor,
    ) -> None:
        name = f"{one.name}/{node}" if self._many else one.name

        def known(other: Any) -> Tensor | None:
            # The way numbers are reduced to one makes no difference to the numbers.
            same = type(other) is type(loss) and all(
                other.config[key] == loss.config[key] for key in loss.config if key not in _REDUCING
            )
            return rows if same else None

        writing = Writing(
            self.e, f"metrics/{name}", p, target, sparse=loss.sparse,
            weight=self._weights.get(node) if one.weighted else None, mask=mask, known=known,
            shared=self._shared.setdefault(node, {}),
        )  # fmt: skip
        written = one.metric.write(writing)
        self.totals[name] = written.total
        if written.batch is not None:
            self.watch[name] = written.batch

    def _total(self, name: str, x: Tensor) -> None:
        pair = tuple(
            Tensor(
                f"total/{name}/{what}",
                (),
                Buffer(1, False, "totals"),
                symbol=f"{what} {name}",
                role="statistic",
            )
            for what in ("sum", "count")
        )
        self.totals[name] = Total(pair[0], pair[1], sums=pair)
        inputs = {"x": x, "total": pair[0], "count": pair[1]}
        self.e.instructions.append(
            Instruction("accumulate", inputs, {"y": pair[0], "n": pair[1]}, {}, "", "loss")
        )
