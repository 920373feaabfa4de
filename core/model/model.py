"""The Keras-named face of the engine: build a model, compile, fit, evaluate, predict, save."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from core import checked
from core.errors import ChainruleError, GraphError
from core.graph import call_model
from core.layers.symbolic import SymbolicTensor
from core.model.keeping import Keeping
from core.spec.training import check_whole


class Model(Keeping):
    """A network of layers with one or several inputs and outputs.

    Parameters
    ----------
    inputs, outputs
        Symbolic tensors, or lists of them.
    name
        Of the model.
    seed
        Start of every random number: weights, order of samples, dropout. The same seed gives the same result.
    trainable
        False freezes every layer.
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        name: str = "model",
        seed: int = 0,
        trainable: bool = True,
    ) -> None:
        ins = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        outs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        for t in (*ins, *outs):
            if not isinstance(t, SymbolicTensor):
                raise GraphError(
                    f"A model goes from tensors made by Input to tensors made by layers; {t!r} is not one."
                )
        self._build(ins, outs, name, seed)
        if trainable is not True:
            self.trainable = trainable

    def __call__(self, x: Any) -> Any:
        """Outputs for arrays, as `predict`; for symbolic tensors the model is a layer of another model.

        Its weights are shared: what the other model learns, this one knows.
        """
        given = list(x) if isinstance(x, (list, tuple)) else [x]
        if any(isinstance(t, SymbolicTensor) for t in given):
            for t in given:
                if not isinstance(t, SymbolicTensor):
                    message = f"{self.name} is called on tensors made by Input or a layer, not on {type(t).__name__}."
                    raise GraphError(message)
            made = call_model(self, self._starts, self._tensors, self._ends, given)
            return made[0] if len(made) == 1 else made
        return self.predict(x)

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        """A model of its own with these weights and the optimizer's memory; the history of the run stays here."""
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        kept = dict(vars(self))
        if self.built:
            # A run holds addresses of arrays, which no copy can have.
            kept |= {"_values": self.weights_by_name(), "_memory": self.memory()}
            kept |= {"_run": None, "_predictor": None}
        for name, value in kept.items():
            object.__setattr__(made, name, copy.deepcopy(value, memo))
        for name in ("_layers", "_ids", "_calls"):
            if name in kept:
                found = {id(memo[key]): value for key, value in vars(made)[name].items()}
                object.__setattr__(made, name, found)
        if self.built:
            made._listen()
        return made

    def program(self, batch_size: int = 32) -> Any:
        """The tape of one training step, bound, with the model's weights: to look at and to run by hand."""
        from core.tape.compiler import compile_network
        from core.tape.program import Program

        batch_size = check_whole("batch_size", batch_size, 1)
        mode = "train" if self._loss is not None else "predict"
        tape = compile_network(
            self._trained(),
            mode,
            loss=self._loss,
            optimizer=self._optimizer,
            metrics=self._metrics,
            weighted_metrics=self._weighted_metrics,
            batch_size=batch_size,
        )
        program = Program(tape, batch_size, seed=self.seed)
        program.set_weights(self._weights())
        return program

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write the model to a ``.chainrule`` file: layers, weights, losses, and the optimizer with its memory.

        Without `overwrite` a file that is there already is not replaced. `load_model` gives a model whose next `fit`
        goes on as this one's would. The history of the run is not kept.
        """
        from core.io.models import save_model

        file = checked.file_path(filepath, "model.save")
        if not checked.yes_or_no("overwrite", overwrite) and file.exists():
            message = f"{file} exists already. Choose another name, or let it be replaced with overwrite=True."
            raise ChainruleError(message)
        if file.suffix.lower() in (".keras", ".h5", ".hdf5"):
            raise ChainruleError(
                f"save writes Chainrule's own files, which Keras cannot read: a file called {file.name!r} would "
                f"pretend to be Keras's. Save as {file.with_suffix('.chainrule').name!r}."
            )
        save_model(self, file)


def load_model(
    filepath: str | Path,
    custom_objects: None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """A model from a ``.chainrule`` file; without `compile` it has its weights, but no loss and no optimizer.

    `custom_objects` stays None and `safe_mode` True: files hold no code.
    """
    from core.io.models import load_model as load

    if custom_objects or not safe_mode:
        message = (
            "load_model reads files that hold no code; leave custom_objects and safe_mode out."
        )
        raise ChainruleError(message)
    wanted = checked.yes_or_no("compile", compile)
    return load(checked.file_path(filepath, "load_model"), wanted)
