"""Every template opens as a network without problems, on data that fits it."""

from __future__ import annotations

import msgspec
import pytest

import assets
from core import data, templates
from core.layers import registry
from core.spec import inspect


@pytest.mark.parametrize("name", templates.names())
def test_template_has_no_problems_with_its_own_data(name: str) -> None:
    template = templates.load(name)
    assert (template.format, template.kind) == (templates.FORMAT, "template")
    info = data.info(template.data.id)
    assert template.data.version == info.version
    assert len(data.load(template.data.id, **template.data.parameters).x_train)
    inspection = inspect(
        template.network,
        batch_size=template.training.batch_size,
        data_shape=info.input_shape,
        classes=len(info.classes),
        loss=template.training.loss,
    )
    assert inspection.problems == ()
    assert inspection.ok
    assert template.network.is_chain
    assert template.summary.endswith(".")


def test_settings_a_file_does_not_name_have_their_defaults() -> None:
    layer = templates.load("digits-cnn").network.layer("conv2d_1")
    assert layer.config == registry.kind("Conv2D").normalise(
        {
            "filters": 8,
            "kernel_size": 3,
            "padding": "same",
            "activation": "relu",
            "kernel_initializer": "he_normal",
        }
    )


def test_parameters_by_hand() -> None:
    """9·8+8, 72·16+16, 784·32+32, 32·10+10; and 2-3-2 has 17."""
    counts = {"digits-cnn": 80 + 1168 + 25_120 + 330, "chain-rule-by-hand": 17, "xor-mlp": 17}
    for name, parameters in counts.items():
        assert inspect(templates.load(name).network).parameters == parameters
    spirals = templates.load("spirals-mlp").network
    assert [layer.config["units"] for layer in spirals.layers[1:]] == [8, 8, 8, 8, 2]


def test_the_first_is_the_digits_cnn() -> None:
    assert templates.names()[0] == "digits-cnn"
    assert len({template.order for template in templates.all_templates()}) == len(templates.names())


def test_files_are_called_like_their_templates() -> None:
    for path in assets.path("templates").iterdir():
        assert msgspec.json.decode(path.read_bytes())["name"] == path.stem


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(templates.TemplateError, match=r"mean 'digits-cnn'.*small-digits-cnn"):
        templates.load("digits")
    with pytest.raises(templates.TemplateError) as caught:
        templates.load("no such thing at all")
    assert all(name in str(caught.value) for name in templates.names())
