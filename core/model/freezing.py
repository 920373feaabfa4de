"""What of a model learns: layers are frozen and let go again one by one, or all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from core.errors import give_advice
from core.layers import registry
from core.layers.base import Layer, Models, set_trainable
from core.layers.settings import TRAINABLE
from core.model.structure import Structure
from core.spec.inspection import inspect
from core.spec.network import Network


class Freezing(Structure):
    """A model whose layers can be frozen.

    What a layer says of itself holds from the next `compile` on, as in Keras: a run goes on with the network it was
    compiled with.
    """

    #: False if the model itself was frozen: then nothing of it learns, whatever its layers say.
    _learning = True
    #: The network as it was when `compile` was called.
    _compiled: Network | None = None
    #: Layers whose change after `compile` was spoken of.
    _spoken_of: tuple[str, ...] = ()

    @property
    def trainable(self) -> bool:
        """False if the model is frozen. Setting it sets it for every layer, those of nested models too."""
        return self._learning

    @trainable.setter
    def trainable(self, value: Any) -> None:
        learning = TRAINABLE.normalise(value, f"The model {self.name!r}")
        layers: list[Layer] = []
        for one in self._inside():
            if isinstance(one, Layer):
                layers.append(one)
            elif isinstance(one, Freezing):
                one._learning = learning
        set_trainable(layers, learning)
        self._hear_of_freezing()

    def _inside(self) -> Iterator[Any]:
        """The model, the models inside of it, and every layer."""
        yield self
        yield from self._layers.values()
        for call in self._calls.values():
            yield from call.model._inside()

    def _start(self) -> None:
        super()._start()
        self._listen()
        self._compiled, self._spoken_of = None, ()
        if not self._learning:
            self._hear_of_freezing()

    def _listen(self) -> None:
        """Let the layers tell when they are frozen."""
        for layer in self._layers.values():
            if layer._models is None:
                layer._models = Models()
            layer._models.add(self)

    def _hear_of_freezing(self) -> None:
        """Let the document say what the layers say now."""
        if "network" not in self.__dict__:
            return
        made = {self._ids[key]: layer for key, layer in self._layers.items()}
        documents = [
            msgspec.structs.replace(document, config=self._config(made[document.id]))
            for document in self.network.layers
        ]
        self.network = msgspec.structs.replace(self.network, layers=tuple(documents))
        self._inspection = inspect(self.network)

    def _config(self, layer: Layer) -> dict[str, Any]:
        if self._learning:
            return dict(layer.config)
        return layer.with_trainable(layer.config, False)

    def _trained(self) -> Network:
        """The network that is trained: the one that was compiled."""
        return self.network if self._compiled is None else self._compiled

    def _speak_of_freezing(self) -> None:
        """Tell of layers that were frozen, or let go, since `compile`."""
        before = {one.id: one for one in self._trained().layers}
        changed: dict[bool, list[str]] = {True: [], False: []}
        for one in self.network.layers:
            was = before.get(one.id, one)
            if was.config != one.config and registry.kind(one.kind).owns_weights():
                changed[not _is_frozen(one.config)].append(one.name)
        names = tuple(changed[True] + changed[False])
        if names == self._spoken_of:
            return
        self._spoken_of = names
        for learns, said in ((False, "frozen"), (True, "made trainable")):
            if changed[learns]:
                were = "were" if len(changed[learns]) > 1 else "was"
                give_advice(
                    f"{_listed(changed[learns])} {were} {said} after compile was called, and training goes on as it "
                    "was compiled. Call compile again for the change to take effect."
                )


def _is_frozen(config: dict[str, Any]) -> bool:
    """True if a layer of these settings, or one inside of it, is frozen."""
    inside = (
        value["config"]
        for value in config.values()
        if isinstance(value, dict) and isinstance(value.get("config"), dict)
    )
    return config.get(TRAINABLE.name) is False or any(_is_frozen(one) for one in inside)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
