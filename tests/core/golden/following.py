"""Callbacks of Keras and ours, given the same numbers: what they count, set, keep, write; the order of hooks.

``python -m tests.core.golden.following`` asks Keras, and keeps what it says in ``callbacks.json``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

PATH = Path(__file__).with_name("callbacks.json")
#: What is read off a callback after each epoch, where it has it.
_COUNTS = ("wait", "cooldown_counter", "best_epoch", "stopped_epoch")
_DOWN = [1.0, 0.8, 0.9, 0.7, 0.71, 0.72, 0.73, 0.6, 0.61, 0.62, 0.63, 0.64]
_FLAT = [0.5] * 9
_SLOW = [1.0, 0.995, 0.99, 0.985, 0.98, 0.5, 0.499, 0.498, 0.497, 0.2]
_TINY = [0.3, 0.3 - 1e-9, 0.3 - 2e-9, 0.3 - 3e-9, 0.3 - 4e-9, 0.3 - 1e-7]
_UP = [0.1, 0.3, 0.2, 0.5, 0.5, 0.4, 0.45, 0.9, 0.8, 0.7]
_BROKEN = [1.0, float("nan"), 0.9, float("inf"), 0.95, 0.8]


def _logs(loss: list[float], accuracy: list[float] | None = None) -> list[dict[str, float]]:
    up = accuracy or [1 - value for value in loss]
    return [
        {"loss": a + 0.25, "accuracy": b / 2, "val_loss": a, "val_accuracy": b}
        for a, b in zip(loss, up, strict=True)
    ]


#: (callback, arguments, logs of the epochs) by name.
CASES: dict[str, tuple[str, dict[str, Any], list[dict[str, float]]]] = {
    "stopping": ("EarlyStopping", {}, _logs(_DOWN)),
    "stopping with patience": ("EarlyStopping", {"patience": 3}, _logs(_DOWN)),
    "stopping and going back": ("EarlyStopping", {"patience": 3, "restore_best_weights": True}, _logs(_DOWN)),
    "never stopping and going back": ("EarlyStopping", {"patience": 30, "restore_best_weights": True}, _logs(_DOWN)),
    "a baseline never met": (
        "EarlyStopping", {"patience": 4, "baseline": 0.3, "restore_best_weights": True}, _logs(_DOWN)),
    "a baseline met": ("EarlyStopping", {"patience": 3, "baseline": 0.75}, _logs(_DOWN)),
    "a late start": ("EarlyStopping", {"patience": 1, "start_from_epoch": 5}, _logs(_FLAT)),
    "a late start and going back": (
        "EarlyStopping", {"patience": 2, "start_from_epoch": 4, "restore_best_weights": True}, _logs(_DOWN)),
    "small improvements": ("EarlyStopping", {"patience": 2, "min_delta": 0.01}, _logs(_SLOW)),
    "a negative delta": ("EarlyStopping", {"patience": 2, "min_delta": -0.01}, _logs(_SLOW)),
    "below float32": ("EarlyStopping", {"patience": 2}, _logs(_TINY)),
    "accuracy": ("EarlyStopping", {"monitor": "val_accuracy", "patience": 2}, _logs(_UP, _UP)),
    "training accuracy": ("EarlyStopping", {"monitor": "accuracy", "patience": 2, "min_delta": 0.1}, _logs(_UP, _UP)),
    "the wrong way": ("EarlyStopping", {"monitor": "val_loss", "mode": "max", "patience": 2}, _logs(_UP)),
    "nan": ("EarlyStopping", {"patience": 2, "restore_best_weights": True}, _logs(_BROKEN)),
    "plateau": ("ReduceLROnPlateau", {"patience": 2, "factor": 0.5}, _logs(_DOWN)),
    "plateau of nothing": ("ReduceLROnPlateau", {"patience": 1}, _logs(_FLAT)),
    "no patience": ("ReduceLROnPlateau", {"patience": 0, "factor": 0.5}, _logs(_DOWN)),
    "cooldown": ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "cooldown": 2}, _logs(_FLAT)),
    "cooldown and patience": ("ReduceLROnPlateau", {"patience": 2, "factor": 0.1, "cooldown": 1}, _logs(_DOWN)),
    "least rate": ("ReduceLROnPlateau", {"patience": 1, "factor": 0.1, "min_lr": 0.004}, _logs(_FLAT)),
    "plateau of accuracy": (
        "ReduceLROnPlateau", {"monitor": "val_accuracy", "patience": 1, "factor": 0.5}, _logs(_UP, _UP)),
    "plateau and delta": ("ReduceLROnPlateau", {"patience": 2, "factor": 0.5, "min_delta": 0.02}, _logs(_SLOW)),
    "plateau of nan": ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5}, _logs(_BROKEN)),
    "every epoch": ("ModelCheckpoint", {"filepath": "m{epoch:02d}-{val_loss:.2f}.keras"}, _logs(_DOWN[:4])),
    "one file": ("ModelCheckpoint", {"filepath": "last.keras"}, _logs(_DOWN[:4])),
    "the best": ("ModelCheckpoint", {"filepath": "best.keras", "save_best_only": True}, _logs(_DOWN)),
    "the best ones": (
        "ModelCheckpoint", {"filepath": "b{epoch}.weights.h5", "save_best_only": True, "save_weights_only": True},
        _logs(_DOWN)),
    "better than a threshold": (
        "ModelCheckpoint", {"filepath": "b{epoch}.keras", "save_best_only": True, "initial_value_threshold": 0.75},
        _logs(_DOWN)),
    "the best accuracy": (
        "ModelCheckpoint",
        {"filepath": "a/b{epoch}-{accuracy:.3f}.weights.h5", "monitor": "val_accuracy", "save_best_only": True,
         "save_weights_only": True, "mode": "max"}, _logs(_UP, _UP)),
    "after batches": (
        "ModelCheckpoint", {"filepath": "e{epoch}b{batch}.weights.h5", "save_freq": 4, "save_weights_only": True},
        _logs(_DOWN[:5])),
    "after every batch": (
        "ModelCheckpoint", {"filepath": "e{epoch}b{batch:03d}.weights.h5", "save_freq": 1, "save_weights_only": True},
        _logs(_DOWN[:3])),
    "a table": ("CSVLogger", {"filename": "log.csv"}, _logs(_DOWN[:3])),
    "a table with semicolons": ("CSVLogger", {"filename": "log.csv", "separator": ";"}, _logs(_BROKEN[:3])),
    "a table without validation": ("CSVLogger", {"filename": "log.csv"}, [{"loss": 0.5}, {"loss": 0.25}]),
    "a table that begins late": ("CSVLogger", {"filename": "log.csv"}, [{"loss": 0.5}, {"loss": 0.1, "val_loss": 0.2}]),
    "a table that goes on": ("CSVLogger", {"filename": "log.csv", "append": True}, _logs(_DOWN[:2])),
    "a schedule of both": ("LearningRateScheduler", {"schedule": lambda epoch, rate: rate * 0.9}, _logs(_DOWN[:5])),
    "a schedule of epochs": ("LearningRateScheduler", {"schedule": lambda epoch: 0.5 / (1 + epoch)}, _logs(_DOWN[:5])),
}  # fmt: skip

BATCHES = 3
X = np.linspace(-1, 1, 10, dtype=np.float32)[:, None]
Y = (X > 0.2).astype(np.float32)


def model_of(library: Any, rate: float = 0.1) -> Any:
    """A model of one weight and one bias, compiled and begun."""
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1, activation="sigmoid")])
    optimizer = library.optimizers.SGD(learning_rate=rate)
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    model.train_on_batch(X, Y)
    return model


def ours(kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Keras's arguments with the names that files have here."""
    found = dict(arguments)
    if kind == "ModelCheckpoint":
        name = str(found["filepath"]).replace(".weights.h5", ".weights.safetensors")
        found["filepath"] = name.replace(".keras", ".chainrule")
    return found


def followed(
    library: Any, kind: str, arguments: dict[str, Any], logs: list[dict[str, float]]
) -> dict[str, Any]:
    """What a callback does with the logs of a case."""
    with TemporaryDirectory() as folder:
        given = dict(arguments)
        for key in ("filepath", "filename"):
            if key in given:
                given[key] = str(Path(folder) / given[key])
        if given.get("append"):
            Path(given["filename"]).write_bytes(b"epoch,accuracy,loss,val_accuracy,val_loss\r\n")
        model = model_of(library)
        callback = getattr(library.callbacks, kind)(**given)
        callback.set_params({"verbose": 0, "epochs": len(logs), "steps": BATCHES})
        callback.set_model(model)
        if hasattr(callback, "require"):
            # Ours asks `fit` what will be measured.
            measured = sorted({key for one in logs for key in one})
            callback.require([*measured, "learning_rate"], ["loss", "accuracy"], False)
        seen = _epochs(model, callback, logs)
        callback.on_train_end(logs[-1])
        files = {_plain(path, folder): _content(path, model) for path in sorted(Path(folder).rglob("*"))
                 if path.is_file()}  # fmt: skip
        return {"epochs": seen, "last": _marked(model), "files": files}


def _epochs(model: Any, callback: Any, logs: list[dict[str, float]]) -> list[dict[str, Any]]:
    seen = []
    model.stop_training = False
    callback.on_train_begin({})
    for epoch, measured in enumerate(logs):
        callback.on_epoch_begin(epoch, {})
        for batch in range(BATCHES):
            callback.on_train_batch_begin(batch, logs={})
            _mark(model, epoch + (batch + 1) / 8)
            callback.on_train_batch_end(batch, logs={"loss": measured["loss"]})
        _mark(model, epoch)
        known = dict(measured)
        callback.on_epoch_end(epoch, known)
        found: dict[str, Any] = {
            key: int(getattr(callback, key)) for key in _COUNTS if hasattr(callback, key)
        }
        if hasattr(callback, "best"):
            found["best"] = None if callback.best is None else float(callback.best)
        found["rate"] = float(model.optimizer.learning_rate)
        found["logged"] = known.get("learning_rate")
        found["stop"] = bool(model.stop_training)
        seen.append(found)
        if model.stop_training:
            break
    return seen


def _mark(model: Any, number: float) -> None:
    model.set_weights([np.full((1, 1), number, np.float32), np.zeros(1, np.float32)])


def _marked(model: Any) -> float:
    return float(np.asarray(model.get_weights()[0]).item())


def _plain(path: Path, folder: str) -> str:
    name = path.relative_to(folder).as_posix()
    for ending in (".weights.h5", ".weights.safetensors"):
        name = name.replace(ending, ".weights")
    return name.replace(".keras", ".model").replace(".chainrule", ".model")


def _content(path: Path, model: Any) -> Any:
    """The mark of the weights in a file, or a table."""
    if path.suffix == ".csv":
        return path.read_bytes().decode()
    if ".weights." in path.name:
        before = model.get_weights()
        model.load_weights(str(path))
        found = _marked(model)
        model.set_weights(before)
        return found
    if path.suffix == ".keras":
        import keras

        return _marked(keras.models.load_model(path))
    import core

    return _marked(core.load_model(path))


def ours_of(name: str) -> Any:
    """What our callback does in a case, as it is stored."""
    import core

    kind, arguments, logs = CASES[name]
    return json.loads(json.dumps(followed(core, kind, ours(kind, arguments), logs)))


def hooks_of(name: str) -> Any:
    """What ours do in a case of `HOOKS`."""
    import core

    return json.loads(json.dumps(HOOKS[name](core)))


# ---- in which order hooks come -------------------------------------------------------------------

_HEARD = [
    f"on_{what}_{when}"
    for what in ("train", "epoch", "train_batch", "test", "test_batch", "predict", "predict_batch")
    for when in ("begin", "end")
]


def listening(library: Any, stop: tuple[int, int] | None = None) -> Any:
    """A callback that writes down what it hears, and stops training at a batch (epoch, batch)."""
    heard: list[list[Any]] = []

    def hook(name: str) -> Any:
        def told(self: Any, *given: Any, logs: Any = None) -> None:
            place = [one for one in given if isinstance(one, int)]
            found = next((one for one in given if isinstance(one, dict)), logs) or {}
            heard.append([name, *place, sorted(found)])
            epoch = sum(one[0] == "on_epoch_begin" for one in heard) - 1
            if name == "on_train_batch_end" and stop == (epoch, *place):
                self.model.stop_training = True

        return told

    kind = type("Listening", (library.callbacks.Callback,), {name: hook(name) for name in _HEARD})
    callback = kind()
    callback.heard = heard
    return callback


def _fitting(stop: tuple[int, int] | None = None, **arguments: Any) -> Callable[[Any], Any]:
    def ask(library: Any) -> Any:
        listener = listening(library, stop)
        history = model_of(library).fit(
            X, Y, batch_size=4, verbose=0, callbacks=[listener], **arguments
        )
        return {"heard": listener.heard, "epochs": history.epoch, "names": sorted(history.history),
                "params": {key: listener.params[key] for key in ("verbose", "epochs", "steps")}}  # fmt: skip

    return ask


def _asking(what: str, **arguments: Any) -> Callable[[Any], Any]:
    def ask(library: Any) -> Any:
        listener = listening(library)
        given = (X,) if what == "predict" else (X, Y)
        result = getattr(model_of(library), what)(
            *given, batch_size=4, verbose=0, callbacks=[listener], **arguments
        )
        return {"heard": listener.heard, "shape": list(np.shape(result))}

    return ask


def _with_others(library: Any) -> Any:
    """What one callback adds to the logs, those after it and the history have."""
    listener, before = listening(library), listening(library)
    plateau = library.callbacks.ReduceLROnPlateau("loss", patience=1)
    history = model_of(library).fit(
        X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[before, plateau, listener]
    )
    ends = [
        [one for one in heard if one[0] == "on_epoch_end"]
        for heard in (before.heard, listener.heard)
    ]
    return {"before": ends[0], "after": ends[1], "names": sorted(history.history)}


def _broken(library: Any) -> Any:
    """How training ends at a loss that is not finite."""
    listener = listening(library)
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1)])
    model.compile(optimizer=library.optimizers.SGD(learning_rate=1e30), loss="mse")
    history = model.fit(
        X, Y, batch_size=2, epochs=3, verbose=0, shuffle=False,
        callbacks=[library.callbacks.TerminateOnNaN(), listener],
    )  # fmt: skip
    ends = [one[1] for one in listener.heard if one[0] == "on_train_batch_end"]
    return {"ends": ends, "epochs": history.epoch, "finite": bool(np.isfinite(history.history["loss"][-1])),
            "last": listener.heard[-1][0]}  # fmt: skip


def _restored(library: Any) -> Any:
    """Which epochs are left after a crash, and what is left of the backup."""

    class Crash(library.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 3:
                raise InterruptedError

    with TemporaryDirectory() as folder:
        backup = Path(folder) / "backup"
        seen = []
        for others in ([Crash()], [], []):
            model = model_of(library)
            callbacks = [library.callbacks.BackupAndRestore(str(backup)), *others]
            try:
                history = model.fit(X, Y, epochs=5, verbose=0, callbacks=callbacks)
                seen.append(history.epoch)
            except InterruptedError:
                seen.append([backup.exists()])
        return {"epochs": seen, "left": backup.exists()}


def _of_functions(library: Any) -> Any:
    """What functions hear."""
    heard: list[Any] = []
    callback = library.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: heard.append(["epoch", epoch]),
        on_epoch_end=lambda epoch, logs: heard.append(["epoch ends", epoch, sorted(logs)]),
        on_train_begin=lambda logs: heard.append(["train"]),
        on_train_end=lambda logs: heard.append(["train ends", sorted(logs)]),
        on_train_batch_begin=lambda batch, logs: heard.append(["batch", batch]),
        on_train_batch_end=lambda batch, logs: heard.append(["batch ends", batch, sorted(logs)]),
        on_test_begin=lambda logs: heard.append(["test"]),
    )
    model_of(library).fit(
        X, Y, epochs=2, batch_size=5, verbose=0, validation_data=(X, Y), callbacks=[callback]
    )
    return heard


def _history(library: Any) -> Any:
    """What a history of one's own has after two trainings."""
    own, model = library.callbacks.History(), model_of(library)
    first = model.fit(X, Y, epochs=2, verbose=0, callbacks=[own])
    second = model.fit(X, Y, epochs=3, initial_epoch=2, verbose=0, callbacks=[own])
    return {"own": first is own and second is own, "model": model.history is own, "epochs": own.epoch,
            "losses": len(own.history["loss"])}  # fmt: skip


HOOKS: dict[str, Callable[[Any], Any]] = {
    "a broken loss": _broken,
    "a backup": _restored,
    "functions": _of_functions,
    "a history of one's own": _history,
    "fit": _fitting(epochs=2),
    "fit with validation": _fitting(epochs=2, validation_data=(X[:5], Y[:5])),
    "fit with a split": _fitting(epochs=2, validation_split=0.3),
    "validation in larger batches": _fitting(epochs=1, validation_data=(X, Y), validation_batch_size=8),
    "some steps of validation": _fitting(epochs=1, validation_data=(X, Y), validation_steps=2),
    "validation every second epoch": _fitting(epochs=3, validation_data=(X, Y), validation_freq=2),
    "validation after some epochs": _fitting(epochs=3, validation_data=(X, Y), validation_freq=[1, 3]),
    "fit from a later epoch": _fitting(epochs=4, initial_epoch=2),
    "nothing left to fit": _fitting(epochs=2, initial_epoch=2),
    "stopped in an epoch": _fitting((1, 1), epochs=4, validation_data=(X, Y)),
    "stopped at once": _fitting((0, 0), epochs=4),
    "evaluate": _asking("evaluate"),
    "some steps of evaluate": _asking("evaluate", steps=2),
    "predict": _asking("predict"),
    "some steps of predict": _asking("predict", steps=2),
    "shared logs": _with_others,
}  # fmt: skip


#: Callbacks by the cases of `HOOKS` that try them.
TRIED = {
    "TerminateOnNaN": ("a broken loss",),
    "BackupAndRestore": ("a backup",),
    "LambdaCallback": ("functions",),
    "History": ("a history of one's own", "shared logs"),
}


def drawn(seed: int) -> tuple[str, dict[str, Any], list[dict[str, float]]]:
    """A case with arguments and metrics drawn at random."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 25))
    walk = 1 + np.cumsum(rng.choice([-0.05, -0.01, 0.0, 0.01, 0.03], count))
    values = [float(np.float32(v)) for v in walk]
    given: dict[str, Any] = {
        "monitor": str(rng.choice(["val_loss", "val_accuracy", "loss"])),
        "patience": int(rng.integers(0, 5)),
        "min_delta": float(rng.choice([0.0, 1e-4, 0.01, 0.02, 0.05])),
        "mode": str(rng.choice(["auto", "min", "max"])),
    }
    if rng.random() < 0.5:
        given |= {"factor": float(rng.choice([0.1, 0.5, 0.9])), "cooldown": int(rng.integers(0, 4)),
                  "min_lr": float(rng.choice([0.0, 0.02, 0.1]))}  # fmt: skip
        return "ReduceLROnPlateau", given, _logs(values, values)
    given |= {"restore_best_weights": bool(rng.integers(2)), "start_from_epoch": int(rng.integers(0, 4)),
              "baseline": None if rng.random() < 0.5 else float(rng.choice([0.9, 1.0, 1.1]))}  # fmt: skip
    return "EarlyStopping", given, _logs(values, values)


def keras_answers(library: Any) -> dict[str, Any]:
    """What Keras does."""
    found = {name: followed(library, *CASES[name]) for name in CASES}
    return {"following": found, "hooks": {name: ask(library) for name, ask in HOOKS.items()}}


def main() -> None:
    """Ask Keras and keep what it says."""
    from tests.core.golden import keras_side

    warnings.simplefilter("ignore")
    keras = keras_side.keras
    answers = {"versions": f"keras {keras.__version__}", **keras_answers(keras)}
    PATH.write_text(
        json.dumps(answers, indent=None, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    print(f"{PATH.name}: {PATH.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
