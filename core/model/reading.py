"""Arrays as a learner gives them, checked and made into the tables a run reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from core import arguments
from core import losses as losses_module
from core.errors import ChainruleError, give_advice
from core.model.compiling import NO_LOSS, Compiling
from core.spec.training import check_class_weight


class Reading(Compiling):
    """A model that takes data."""

    def _decide(self, y: Any) -> None:
        """Take "crossentropy" for the one that fits these targets."""
        if self._undecided is None:
            return
        chosen, given, loss_weights, metrics, weighted = self._undecided
        pairs = zip(given, self._given_targets(y), self._outputs(), strict=True)
        losses = [losses_module.decided(item, t.shape, (None, *n)) for item, t, n in pairs]
        compiled = self._compiled
        Compiling.compile(self, chosen, losses, loss_weights, metrics, weighted)
        # What was frozen since is not compiled by the data that decide about the loss.
        self._compiled = compiled

    def _input_rows(self) -> list[Any]:
        return [row for row in self._inspection.rows if row.kind == "InputLayer"]

    def _given_inputs(self, x: Any) -> list[np.ndarray]:
        """One array for each input, from an array, a list, or a dictionary by the inputs' names."""
        names = [row.name for row in self._input_rows()]
        if isinstance(x, dict):
            x = arguments.by_name(x, names, "x", "input", more=True)
        shape = tuple(self._input_rows()[0].output_shape or ()) if len(names) == 1 else None
        return arguments.several(x, len(names), "x", shape)

    def _given_targets(self, y: Any) -> list[np.ndarray]:
        """One array for each output, from an array, a list, or a dictionary by the outputs' names."""
        names = self._output_names()
        if isinstance(y, dict):
            y = arguments.by_name(y, names, "y", "output")
        shape = self._outputs()[0]
        sparse = bool(self.losses) and self.losses[0].sparse
        return arguments.several(y, len(names), "y", shape[:-1] if sparse else shape)

    def _inputs(self, x: Any) -> list[np.ndarray]:
        rows = self._input_rows()
        tokens = self._inspection.vocabularies(self.network)
        xs = self._given_inputs(x)
        found = []
        for k, (item, row) in enumerate(zip(xs, rows, strict=True)):
            what = "x" if len(rows) == 1 else f"x[{k}]"
            item = arguments.require_shape(item, row.output_shape or (), what, row.name)
            arguments.require_finite(item, what)
            for layer, size in tokens.get(row.node, ()):
                arguments.require_tokens(item, size, what, layer)
            found.append(item)
        arguments.require_equal_lengths(found, [])
        return found

    def _samples(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        from core.runs.samples import Samples, weight_table
        from core.runs.targets import outputs_of, target_table
        from core.tape.table_data import DataTable

        self._decide(y)
        if self._loss is None:
            raise ChainruleError(NO_LOSS)
        xs = self._inputs(x)
        ys = self._given_targets(y)
        arguments.require_equal_lengths(xs, ys)
        for k, item in enumerate(ys):
            arguments.require_finite(item, "y" if len(ys) == 1 else f"y[{k}]")
        if not len(xs[0]):
            message = "There are no samples to learn from."
            raise ChainruleError(message)
        targets = [
            target_table(t, loss, n, layer, "y" if len(ys) == 1 else f"y[{k}]")
            for k, (t, loss, n, layer) in enumerate(
                zip(ys, self.losses, self._outputs(), outputs_of(self.network), strict=True)
            )
        ]
        weights = None
        if sample_weight is not None:
            count = len(xs[0])
            if isinstance(sample_weight, dict):
                names = self._output_names()
                sample_weight = arguments.by_name(
                    sample_weight, names, "sample_weight", "output", fewer=True
                )
            weights = [
                weight_table(np.ones((count, *shape[:-1])) if one is None else one, count, shape)
                for one, shape in zip(
                    _for_each(sample_weight, len(ys)), self._outputs(), strict=True
                )
            ]
        inputs = [DataTable(item.astype(np.float32, copy=False)) for item in xs]
        return Samples(inputs, targets, weights)

    def _count_classes(self, samples: Any, y: Any, class_weight: Any) -> Any:
        """Samples that count what is said of their classes."""
        from core.runs.samples import class_weights, require_one_class
        from core.tape.table_data import DataTable

        weights = check_class_weight(class_weight)
        if samples.weights is not None:
            message = "Give either class_weight or sample_weight; multiply them into one if both are meant."
            raise ChainruleError(message)
        if len(self.network.outputs) > 1:
            message = "class_weight is for models with one output; give sample_weight for each of several."
            raise ChainruleError(message)
        require_one_class(self._outputs()[0])
        labels = self._given_targets(y)[0][: len(samples)]
        return replace(samples, weights=[DataTable(class_weights(labels, weights)[:, None])])

    def _advise_of_weights(self, samples: Any, what: str) -> None:
        """Warn of samples that training makes worse."""
        for table in samples.weights or ():
            hint = arguments.weight_advice(float(table.array.min()), what)
            if hint:
                give_advice(hint)
                return

    def _data_advice(self, x: Any, y: Any) -> list[str]:
        """What of data that can be learned from is seldom meant."""
        rows = self._input_rows()
        tokens = self._inspection.vocabularies(self.network)
        xs, ys = self._given_inputs(x), self._given_targets(y)
        found = [
            arguments.input_advice(item, "x" if len(rows) == 1 else f"x[{k}]")
            for k, (item, row) in enumerate(zip(xs, rows, strict=True))
            if row.node not in tokens
        ]
        found += [
            arguments.target_advice(item, loss.link, loss.name, "y" if len(ys) == 1 else f"y[{k}]")
            for k, (item, loss) in enumerate(zip(ys, self.losses, strict=True))
            if not loss.sparse
        ]
        return [hint for hint in found if hint]


def _for_each(sample_weight: Any, outputs: int) -> list[Any]:
    """Weights of each output's samples: one array holds for all, a list has one for each (None counts all the same)."""
    several = isinstance(sample_weight, (list, tuple)) and any(
        one is None or np.ndim(one) for one in sample_weight
    )
    if outputs == 1 or not several:
        return [sample_weight] * outputs
    if len(sample_weight) != outputs:
        raise ChainruleError(
            f"The model has {outputs} outputs, so sample_weight must be a list of {outputs} arrays; "
            f"{len(sample_weight)} are given."
        )
    return list(sample_weight)


def cut(samples: Any, start: int, stop: int) -> Any:
    """Samples from one place to another."""
    from core.runs.samples import Samples
    from core.tape.table_data import DataTable

    if not 0 <= start < stop <= len(samples):
        message = "The validation split leaves nothing to train on or to measure."
        raise ChainruleError(message)

    def part(table: DataTable) -> DataTable:
        return DataTable(table.array[start:stop], table.scale)

    weights = None if samples.weights is None else [part(t) for t in samples.weights]
    return Samples([part(t) for t in samples.inputs], [part(t) for t in samples.targets], weights)
