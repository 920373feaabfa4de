"""Where a mask ends: a layer that does not pass masks ends them also when it has nothing to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import core

TABLE = np.arange(6.0).reshape(3, 2)
TOKENS = np.array([[0, 1, 2]])
#: (class, arguments, whether the mask goes on); behind a mask the mean is of [2, 3] and [4, 5] alone.
NOTHING_TO_DO: list[tuple[str, tuple[Any, ...], bool]] = [
    ("ZeroPadding1D", (0,), False),
    ("Cropping1D", (0,), False),
    ("UpSampling1D", (1,), False),
    ("Reshape", ((3, 2),), False),
    ("Permute", ((1, 2),), False),
    ("Dropout", (0.0,), True),
    ("SpatialDropout1D", (0.0,), True),
    ("GaussianNoise", (0.0,), True),
    ("Activation", ("linear",), True),
]


def mean_behind(kit: Any, kind: str, arguments: tuple[Any, ...]) -> Any:
    """A model that means what a layer hands on."""
    i = kit.Input((3,))
    t = kit.layers.Embedding(3, 2, mask_zero=True)(i)
    t = getattr(kit.layers, kind)(*arguments)(t)
    model = kit.Model(i, kit.layers.GlobalAveragePooling1D()(t))
    model.set_weights([TABLE])
    return model


@pytest.mark.parametrize(("kind", "arguments", "goes_on"), NOTHING_TO_DO)
def test_a_layer_with_nothing_to_do_hands_masks_on_only_if_it_passes_them(
    kind: str, arguments: tuple[Any, ...], goes_on: bool
) -> None:
    model = mean_behind(core, kind, arguments)
    assert model.predict(TOKENS).tolist() == [[3.0, 4.0] if goes_on else [2.0, 3.0]]


def test_gradients_flow_through_a_layer_that_ends_a_mask() -> None:
    model = mean_behind(core, "Cropping1D", (0,))
    model.compile(core.optimizers.SGD(1.0), "half_squared_error")
    model.fit(TOKENS, np.array([[1.0, 3.0]]))
    # Half of the square of [2, 3] − [1, 3]: each of the three steps gets a third of [1, 0].
    expected = TABLE - np.array([[1 / 3, 0.0]] * 3)
    assert model.get_weights()[0] == pytest.approx(expected)


@pytest.mark.conformance
@pytest.mark.filterwarnings("ignore:.*mask:UserWarning")
@pytest.mark.parametrize(("kind", "arguments", "goes_on"), NOTHING_TO_DO)
def test_masks_end_where_keras_ends_them(
    kind: str, arguments: tuple[Any, ...], goes_on: bool
) -> None:
    keras: Any = pytest.importorskip("keras")
    theirs = np.asarray(mean_behind(keras, kind, arguments).predict(TOKENS, verbose=0))
    assert mean_behind(core, kind, arguments).predict(TOKENS) == pytest.approx(theirs)
