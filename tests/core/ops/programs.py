"""Programs in which every operation occurs, in float64, bound to data or fed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from core import activations, losses, metrics, optimizers, schedules
from core.kernels import state as S
from core.losses import Loss
from core.runs.samples import Samples, unweighted
from core.runs.targets import target_table
from core.spec import Network, Node, new_layer
from core.tape.compiler import compile_network
from core.tape.program import Program
from core.tape.table_data import DataTable
from tests.core.golden import metric_cases
from tests.core.networks import RUNS, chain, residual_network
from tests.core.ops import programs_shapes
from tests.core.subjects import bound, loss_variants, optimizer_variants, schedule_variants


def of_run(name: str) -> Program:
    """The training program of one of the six networks, after two steps."""
    run = RUNS[name]()
    tape = compile_network(
        run.network, "train", loss=run.loss, optimizer=run.optimizer, metrics=("accuracy",)
    )
    program = Program(tape, run.training.batch_size, np.float64, seed=run.training.seed)
    program.attach(run.samples.inputs, run.samples.targets)
    # The second batch of two, or the last and partial one: sums over an epoch have begun.
    assert program.run_steps(2, np.zeros((2, len(tape.watch)))) == 2
    return program


def image_network() -> Network:
    """What an explanation goes back through."""
    return chain(
        (6, 5, 2),
        ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same"}),
        ("BatchNormalization", {}),
        ("Activation", {"activation": "relu"}),
        ("MaxPooling2D", {}),
        ("Flatten", {}),
        ("Dense", {"units": 4, "activation": "softmax"}),
    )


def explanation(relu_backward: str = "standard", head: str = "score") -> Program:
    """A score's way back to the input."""
    program = bound(
        image_network(),
        None,
        rows=3,
        mode="explain",
        wrt="input",
        head=head,
        relu_backward=relu_backward,
    )
    program.set_scalar("score_class", 2)
    if head.endswith("_contrast"):
        program.set_scalar("score_against", 1)
    return program


def sequences() -> Program:
    """Sums of gradients over time steps, masks, a state that is read twice."""
    network = chain(
        (4,),
        ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}),
        ("LSTM", {"units": 2, "return_sequences": True}),
        ("LSTM", {"units": 2}),
        ("Dense", {"units": 3, "activation": "softmax"}),
    )
    return bound(network, losses.get("sparse_categorical_crossentropy"), rows=3)


def recurrent() -> Program:
    """Gates apart, states that last, gradients that are cut."""
    network = chain(
        (3, 2),
        (
            "LSTM",
            {"units": 2, "stateful": True, "return_sequences": True, "recurrent_dropout": 0.2},
        ),
        ("GRU", {"units": 2, "reset_after": False, "return_sequences": True, "dropout": 0.2}),
        ("GRU", {"units": 2, "return_sequences": True}),
        (
            "Bidirectional",
            {"layer": {"class_name": "SimpleRNN", "config": {"units": 2}}, "merge_mode": "ave"},
        ),
    )
    return bound(network, losses.get("mse"), rows=3, mode="train", truncated_bptt_steps=2)


def penalties() -> Program:
    """Regularizers of every kind, on weights and on outputs with and without time steps."""
    both = {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.2}}
    network = chain(
        (3, 2),
        ("Dense", {"units": 2, "kernel_regularizer": both, "activity_regularizer": both}),
        ("Flatten", {}),
        ("Dense", {"units": 2, "kernel_regularizer": "l1", "activity_regularizer": "l2"}),
    )
    return bound(network, losses.get("mse"), rows=3)


def image_layers(*layers: tuple[str, dict[str, object]]) -> Program:
    """Layers of images between a Dense layer, whose gradients pass through them, and one that reads them."""
    network = chain(
        (5, 4, 2),
        ("Dense", {"units": 4, "activation": "tanh"}),
        *layers,
        ("Flatten", {}),
        ("Dense", {"units": 2}),
    )
    return bound(network, losses.get("mse"), rows=2)


def sequence_layers(*layers: tuple[str, dict[str, object]]) -> Program:
    """Layers of sequences behind padded tokens."""
    network = chain(
        (6,),
        ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}),
        *layers,
        ("Dense", {"units": 2}),
    )
    return bound(network, losses.get("mse"), rows=3)


FILTERS: dict[str, tuple[tuple[str, dict[str, object]], ...]] = {
    "conv in groups": (("Conv2D", {"filters": 6, "kernel_size": [2, 3], "groups": 2, "padding": "same"}),),
    "conv in groups, strides": (
        ("Conv2D", {"filters": 4, "kernel_size": 2, "groups": 4, "strides": 2}),),
    "dilated conv": (
        ("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": [2, 3], "padding": "same"}),),
    "depthwise": (
        ("DepthwiseConv2D", {"kernel_size": [2, 3], "strides": [2, 1], "padding": "same"}),
        ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 3}),),
    "dilated depthwise": (
        ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 2, "dilation_rate": [2, 1]}),),
    "separable": (("SeparableConv2D", {"filters": 3, "kernel_size": 3, "padding": "same"}),),
    "transposed": (
        ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": [2, 1], "padding": "same"}),
        ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}),),
    "wide frame": (
        ("ZeroPadding2D", {"padding": [[3, 1], [0, 2]]}), ("Cropping2D", {"cropping": [[1, 0], [0, 1]]}),
        ("Conv2D", {"filters": 2, "kernel_size": 2}),),
    "averages": (
        ("AveragePooling2D", {"pool_size": [2, 3], "strides": 1, "padding": "same"}),
        ("AveragePooling2D", {"pool_size": 2}),),
    "larger": (
        ("UpSampling2D", {"size": [2, 1]}), ("UpSampling2D", {"size": [2, 3], "interpolation": "bilinear"}),),
    "global maximum": (("GlobalMaxPooling2D", {"keepdims": True}),),
    "global mean": (("GlobalAveragePooling2D", {"keepdims": True}),),
}  # fmt: skip
ALONG_TIME: dict[str, tuple[tuple[str, dict[str, object]], ...]] = {
    "conv along time": (
        ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}),
        ("ZeroPadding1D", {"padding": [1, 0]}),
        ("MaxPooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}),
        ("Cropping1D", {"cropping": [0, 1]}), ("UpSampling1D", {}), ("GlobalMaxPooling1D", {})),
    "mean along time": (("AveragePooling1D", {"pool_size": 2}), ("GlobalAveragePooling1D", {})),
    "mean of what counts": (("GlobalAveragePooling1D", {}),),
}  # fmt: skip


def of_loss(loss: str, last: str | None, *, logits: bool = False, units: int = 3) -> Program:
    """A loss behind a layer."""
    network = chain(
        (3,),
        ("Dense", {"units": 4, "activation": "softmax"}),
        ("Dense", {"units": units, "activation": last}),
    )
    made = losses.get(loss)
    return bound(network, type(made)(from_logits=True) if logits else made, rows=3)


def over_time(loss: Loss, *, weighted: bool = False) -> Program:
    """A loss of several numbers at each of several time steps."""
    last = "linear" if loss.from_logits else loss.suits
    network = chain((2, 2), ("Dense", {"units": 3, "activation": last}))
    return bound(network, loss, rows=2, weighted=weighted)


def signed(loss: str) -> Program:
    """A margin of targets that are 0 and 1."""
    program = bound(chain((3,), ("Dense", {"units": 2})), losses.get(loss), rows=3)
    program.tensor("targets")[...] = [[0, 1], [1, 1], [0, 0]]
    return program


def of_margins() -> Program:
    """A categorical hinge: one class leads by more than 1, in one sample two wrong ones are equal."""
    network = chain((3,), ("Activation", {"activation": "linear"}))
    program = bound(network, losses.get("categorical_hinge"), rows=3, mode="explain", wrt="input")
    program.feed([[[3, 1, 0], [0.5, 0.75, 0.75], [1, 2, -1]]], [[[1, 0, 0], [1, 0, 0], [0, 0, 1]]])
    return program


def of_counting(reduction: str, *, weighted: bool = False) -> Program:
    """A loss of time steps some of which are padding, and one label of which is ignored."""
    network = chain(
        (4,),
        ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}),
        ("Dense", {"units": 3, "activation": "softmax"}),
    )
    made = losses.SparseCategoricalCrossentropy(reduction=reduction, ignore_class=2)
    return bound(network, made, rows=3, weighted=weighted)


def of_masked_accuracy() -> Program:
    """Metrics of sequences some steps of which do not count, summed over two batches."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 5, (6, 4))
    network = chain(
        (4,),
        ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}),
        ("Dense", {"units": 2}),
    )
    loss = losses.MeanAbsoluteError(reduction="sum")
    samples = Samples([DataTable(tokens)], [target_table(rng.normal(size=(6, 4, 2)), loss, (4, 2))])
    samples = unweighted(samples, [(4, 2)])
    tape = compile_network(network, "evaluate", loss=loss, metrics=("accuracy",), weighted=True)
    program = Program(tape, 3, np.float64, seed=1)
    program.attach(samples.inputs, samples.targets, weights=samples.weights)
    program.state[S.SHUFFLE] = 0
    program.run()
    program.state[S.STEP] += 1
    return program


def of_metrics(
    shape: tuple[int, ...], chosen: list[metrics.Metric], *, labels: bool = False
) -> Program:
    """Metrics of a network's last activation, weighted, in the second of two batches."""
    rng = np.random.default_rng(0)
    link = losses.SparseCategoricalCrossentropy() if labels else losses.MeanSquaredError()
    network = chain(shape, ("Dense", {"units": shape[-1], "activation": "sigmoid"}))
    yes = np.eye(shape[-1])[rng.integers(0, shape[-1], (6, *shape[:-1]))]
    targets = rng.integers(0, shape[-1], (6, *shape[:-1])) if labels else yes
    if shape[-1] == 1:
        targets = rng.integers(0, 2, (6, 1))
    if isinstance(chosen[0], metrics.R2Score):
        targets = rng.normal(size=(6, *shape))
    samples = Samples(
        [DataTable(rng.normal(size=(6, *shape)))], [target_table(targets, link, shape)]
    )
    samples = unweighted(samples, [shape])
    assert samples.weights is not None
    samples.weights[0].array[...] = rng.random(samples.weights[0].array.shape)
    tape = compile_network(
        network,
        "evaluate",
        loss=link,
        metrics=tuple(chosen),
        weighted_metrics=tuple(chosen),
        weighted=True,
    )
    program = Program(tape, 3, np.float64, seed=1)
    program.attach(samples.inputs, samples.targets, weights=samples.weights)
    program.state[S.SHUFFLE] = 0
    program.run()
    program.state[S.STEP] += 1
    return program


def metric_variants() -> dict[str, Callable[[], Program]]:
    """Every case of the comparison with Keras whose targets are classes or numbers, once."""
    found: dict[str, Callable[[], Program]] = {}
    for case in metric_cases.CASES:
        made = getattr(metrics, case.kind)(**case.config)
        if case.data not in ("NaN", "logits", "signed") and not isinstance(made, metrics.R2Score):
            name = f"metrics: {case.kind} {case.config} {case.shape}"
            found[name] = partial(of_metrics, case.shape, [made], labels=case.labels)
    several = [
        metrics.R2Score(None, 1),
        metrics.R2Score("variance_weighted_average"),
        metrics.R2Score(),
    ]
    found["metrics: R2"] = partial(of_metrics, (3,), several)
    found["metrics: confusion"] = partial(of_metrics, (3,), [metrics.ConfusionMatrix()])
    found["metrics: confusion of labels"] = partial(
        of_metrics, (3,), [metrics.ConfusionMatrix()], labels=True
    )
    found["metrics: confusion of two"] = partial(of_metrics, (1,), [metrics.ConfusionMatrix()])
    found["metrics: labels as rows"] = partial(
        of_metrics, (2, 3), [metrics.Precision()], labels=True
    )
    ids = metrics.SparseTopKCategoricalAccuracy(2, from_sorted_ids=True)
    found["metrics: sorted"] = partial(of_metrics, (3,), [ids], labels=True)
    return found


def of_two_outputs() -> Program:
    """Two losses, weighted."""
    made = [losses.CategoricalCrossentropy(label_smoothing=0.1), losses.Huber(0.2)]
    return bound(residual_network(), made, loss_weights=[0.5, 2.0], weighted=True)


def of_one_weight() -> Program:
    """One loss that counts half."""
    network = chain((3,), ("Dense", {"units": 2}))
    return bound(network, losses.get("mse"), loss_weights=[0.5])


def of_activation(name: str) -> Program:
    """An activation between two layers, on sums large enough to reach its other side."""
    network = chain((3,), ("Dense", {"units": 4, "activation": name}), ("Dense", {"units": 2}))
    program = bound(network, losses.get("mean_squared_error"), rows=3)
    program.tensor("dense_1/kernel")[...] *= 4
    return program


def of_layers(shape: tuple[int, ...], *layers: tuple[str, dict[str, object]]) -> Program:
    """Layers between two others, as in training."""
    ends = ("Dense", {"units": shape[-1]}), ("Flatten", {}), ("Dense", {"units": 2})
    network = chain(shape, ends[0], *layers, *ends[1:])
    return bound(network, losses.get("mean_squared_error"), rows=3)


def masked_softmax() -> Program:
    """Probabilities of what a second branch lets through."""
    network = chain((3, 2), ("Dense", {"units": 2}))
    mask = new_layer("Dense", network, units=1)
    softmax = new_layer("Softmax", network, axis=1)
    nodes = (
        *network.nodes,
        Node(mask.id, mask.id, (network.nodes[0].id,)),
        Node(softmax.id, softmax.id, (network.nodes[1].id, mask.id)),
    )
    layers = (*network.layers, mask, softmax)
    made = Network("masked", layers, nodes, (softmax.id,))
    program = bound(made, losses.get("mean_squared_error"), rows=3)
    program.tensor(f"{mask.id}/bias")[...] = 0.5
    return program


def of_optimizer(**config: object) -> Program:
    """An optimizer behind a small network."""
    network = chain((3,), ("Dense", {"units": 2, "activation": "tanh"}), ("Dense", {"units": 1}))
    program = bound(
        network, losses.get("mse"), rows=3, mode="train", optimizer=optimizers.get(dict(config))
    )
    for name, t in program.tape.tensors.items():
        if t.role == "slot":
            program.tensor(name)[...] = 0.01
    return program


PROGRAMS: dict[str, Callable[[], Program]] = {
    **{name: partial(of_run, name) for name in RUNS},
    **programs_shapes.PROGRAMS,
    "explanation": explanation,
    "guided explanation": partial(explanation, "guided"),
    "contrast": partial(explanation, head="score_contrast"),
    "sequences": sequences,
    "recurrent": recurrent,
    "penalties": penalties,
    **{name: partial(image_layers, *layers) for name, layers in FILTERS.items()},
    **{name: partial(sequence_layers, *layers) for name, layers in ALONG_TIME.items()},
    "squared": partial(of_loss, "mean_squared_error", "sigmoid"),
    **{
        f"{name}, over time": partial(over_time, loss)
        for name, loss in loss_variants()
        if "delta" not in name and ("smoothing" not in name or name.startswith("categorical"))
    },
    # One for each form of a gradient; their numbers are checked for all losses in `tests/core/gradients`.
    **{
        f"{name}, weighted": partial(over_time, losses.get(name), weighted=True)
        for name in (
            "mean_squared_error",
            "binary_crossentropy",
            "categorical_crossentropy",
            "huber",
            "categorical_hinge",
            "cosine_similarity",
        )
    },
    "hinge of 0 and 1": partial(signed, "hinge"),
    "margins": of_margins,
    **{
        f"{reduction}, {'weighted' if weighted else 'masked'}": partial(
            of_counting, reduction, weighted=weighted
        )
        for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight")
        for weighted in (False, True)
    },
    "masked metrics": of_masked_accuracy,
    **metric_variants(),
    "two weighted outputs": of_two_outputs,
    "one weighted output": of_one_weight,
    "half squared": partial(of_loss, "half_squared_error", None),
    "binary": partial(of_loss, "binary_crossentropy", "sigmoid"),
    "binary, logits": partial(of_loss, "binary_crossentropy", None, logits=True, units=1),
    "cross-entropy without softmax": partial(of_loss, "categorical_crossentropy", "sigmoid"),
    "labels without softmax": partial(of_loss, "sparse_categorical_crossentropy", "sigmoid"),
    "labels, logits": partial(of_loss, "sparse_categorical_crossentropy", None, logits=True),
    "cross-entropy, logits": partial(of_loss, "categorical_crossentropy", None, logits=True),
    "labels": partial(of_loss, "sparse_categorical_crossentropy", "softmax"),
    "rectifiers": partial(
        of_layers,
        (2, 3, 2),
        ("ReLU", {"threshold": 0.1, "max_value": 0.7, "negative_slope": 0.3}),
        ("PReLU", {"shared_axes": [1, 3]}),
        ("ReLU", {"negative_slope": 0.5, "max_value": 1.0}),
        ("PReLU", {}),
    ),
    "softmax over rows": partial(of_layers, (2, 3, 2), ("Softmax", {"axis": [1, 3]})),
    "softmax with a mask": masked_softmax,
    "noise": partial(
        of_layers,
        (3, 2),
        ("GaussianNoise", {"stddev": 0.3}),
        ("SpatialDropout1D", {"rate": 0.4}),
        ("Dropout", {"rate": 0.4, "seed": 3}),
    ),
    **{f"activation {name}": partial(of_activation, name) for name in activations.names()},
    **{
        f"schedule {name}": partial(of_optimizer, kind="SGD", learning_rate=document)
        # One of each operation: `test_schedules` explains the others.
        for name, document in {
            schedules.get(one).operation: one for one in schedule_variants().values()
        }.items()
    },
    **{
        f"optimizer {name}": partial(of_optimizer, **optimizer.to_config())
        for name, optimizer in optimizer_variants()
    },
}
