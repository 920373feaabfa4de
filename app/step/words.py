"""One sentence about an instruction, in words and with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.scenes.formula_expressions import TESTS
from app.step.gradient_words import of_weight
from app.step.notation import counts
from app.step.recurrent_words import RECURRENT, of_time_step
from app.step.right_words import of_right
from app.step.shape_words import SHAPES
from app.step.sum_words import of_sums
from app.step.update_words import of_update
from app.step.window_words import WINDOWS
from app.text import number, tr
from core.expressions import Call, children

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.session import StepSession
    from core.expressions import Expr

_GENERAL = SHAPES | WINDOWS | RECURRENT | {
    "matmul": "Each value feeding in is multiplied by the weight of its edge, and the products are added up.",
    "bias_add": "The bias is added: it moves the point at which the neuron starts to respond.",
    "tanh": "tanh squeezes the weighted sum into the range from −1 to 1; near 0 it is almost a straight line.",
    "sigmoid": "The sigmoid squeezes the weighted sum into the range from 0 to 1; its slope is never more than 0.25.",
    "relu": "Positive sums pass unchanged, negative ones become 0.",
    "softmax": "Exponentials divided by their sum: positive numbers that add up to 1.",
    "binary_step": "1 where the weighted sum reaches 0, else 0: a unit that fires or does not.",
    "perceptron_rule": "A step has no slope. The perceptron rule passes the error on as it is: "
    "weights move only where the answer is wrong.",
    "arctan": "The arctangent squeezes the weighted sum into the range from −π/2 to π/2, more gently than tanh.",
    "hard_sigmoid": "A sigmoid of three straight pieces: 0 up to −3, 1 from 3, a line between.",
    "relu6": "Positive sums pass up to 6, negative ones become 0.",
    "leaky_relu": "Positive sums pass unchanged; of negative ones a small share passes, so that the unit cannot die.",
    "prelu": "Positive sums pass unchanged; negative ones are multiplied by a slope that is learned.",
    "elu": "Positive sums pass unchanged; negative ones bend softly towards a floor.",
    "selu": "An ELU scaled so that mean 0 and variance 1 are kept from layer to layer.",
    "gelu": "The sum is weighed by the chance that a standard normal number is smaller.",
    "silu": "The sum is multiplied by its own sigmoid.",
    "softplus": "A smooth ReLU: near 0 far below, nearly the sum itself far above.",
    "softsign": "Squeezes the sum into the range from −1 to 1; it flattens more slowly than tanh.",
    "exponential": "The exponential makes every sum positive.",
    "log_softmax": "The logarithm of softmax: the exponential of the row adds up to 1.",
    "dropout_mask": "A number is drawn for each value: 0 silences it, the others make up for what is silenced.",
    "shared_dropout_mask": "A number is drawn for each channel: 0 silences all of it, at every place.",
    "gaussian_noise": "Normal numbers are drawn, new ones in every step.",
    "ramp": "Above the threshold numbers pass, up to the limit; below it only a share of them does.",
    "softmax_axes": "Exponentials divided by their sum along some axes: there they add up to 1.",
    "select": "What the mask covers is put aside: it gets no probability.",
    "hard_sigmoid_grad": "The error passes with slope 1/6 where the neuron stands on the line, else not at all.",
    "relu6_grad": "The error passes where the neuron was neither off nor at its limit.",
    "leaky_relu_grad": "The error passes; where the sum was negative only a small share of it does.",
    "ramp_grad": "The error passes between threshold and limit; below the threshold only a share of it does.",
    "prelu_grad": "The error passes; where the sum was negative it is multiplied by the learned slope.",
    "elu_grad": "The error, times 1 above 0; below, times the distance to the floor.",
    "selu_grad": "The error, times the scale above 0; below, times the distance to the floor.",
    "arctan_grad": "The error of the neuron's output, times the slope of arctan where the neuron stands.",
    "gelu_grad": "The error of the neuron's output, times the slope of GELU where the neuron stands.",
    "silu_grad": "The error of the neuron's output, times the slope of SiLU where the neuron stands.",
    "softplus_grad": "The error of the neuron's output, times the slope of softplus: the sigmoid of the sum.",
    "softsign_grad": "The error of the neuron's output, times the slope of softsign where the neuron stands.",
    "softmax_grad": "Raising one sum lowers the other probabilities: each error is compared with their weighted mean.",
    "softmax_axes_grad": "Raising one number lowers the other probabilities: each error is compared with their "
    "weighted mean.",
    "log_softmax_grad": "Raising one sum lowers the others' logarithms: the errors' sum comes off, by probability.",
    "prelu_alpha_grad": "The slope acts on negative sums only, so its gradient is the error times those, added up.",
    "tanh_grad": "The error of the neuron's output, times the slope of tanh where the neuron stands.",
    "sigmoid_grad": "The error of the neuron's output, times the slope of the sigmoid where the neuron stands.",
    "relu_grad": "The error passes where the neuron was on; where it was off the slope is 0.",
    "matmul_input_grad": "The errors of the neurons this one feeds come back through the same weights, added up.",
    "column_sum": "A bias acts with a constant 1, so its gradient is the neuron's error, added over the batch.",
}  # fmt: skip

#: Of what is worked out once a step before the updates.
_BEFORE_UPDATES = {
    "adam_factors": "Averages that began at 0 are too small at first; the rate makes up for it, less with every step.",
    "adamax_factors": "The average that began at 0 is too small at first; the rate makes up for it.",
    "nadam_factors": "How much of the average and how much of the gradient make up the step, corrected for the start.",
    "keep_factor": "Weight decay: what is left of every weight before its step.",
    "gradient_norm": "The length of the gradient, as of an arrow.",
    "global_norm": "The length of all gradients together, as of one arrow.",
    "clip_to_norm": "A gradient that is too long keeps its direction and becomes as long as is allowed.",
    "clip_value": "Numbers beyond the bound are cut off.",
}

_PENALTIES = {
    "penalty": "Large numbers cost: the penalty joins the loss, so that training keeps them small.",
    "penalty_grad": "The penalty pulls every number towards 0, whatever the data says.",
    "penalty_sum": "The penalties of all layers, added up.",
}
_LOSS = {
    "loss_share": "How much each sample or time step counts in the loss: its weight, nothing where it is masked.",
    "shared_sum": "The losses, each as much as it counts, added up.",
    "smooth_labels": "The right class gives a little to all: the network need not become quite sure.",
    "signed_labels": "The margin compares −1 and 1, so 0 and 1 become them.",
    "label_counts": "Samples with the label that is ignored do not count.",
    "weighted_sum": "The losses of all outputs, each times its weight.",
    "absolute_grad": "Only the side counts: every error pulls with the same force.",
    "huber_grad": "Small errors pull in proportion, large ones all with the same force.",
    "log_cosh_grad": "Small errors pull in proportion, large ones nearly all with the same force.",
    "hinge_grad": "Outputs on the right side of the margin are left alone.",
    "categorical_hinge_grad": "The right class is pushed up and its strongest rival down, until it leads by 1.",
    "cosine_grad": "Only the direction counts: the part of the target across the output pulls.",
}
# What metrics count. Nothing is learned from it.
_COUNTED = {
    "top_k_rows": "1 if the right class is among the largest outputs.",
    "one_hot": "The label as a row of 0 with a 1 at its class, so that every class can be compared.",
    "decide": "The answer: yes (1) or no (0).",
    "top_k_only": "Only the largest outputs of a sample stay answers; the others count as no.",
    "outcomes": "Answers that are rightly yes (TP), wrongly yes (FP), rightly no (TN) and wrongly no (FN).",
    "outcomes_by_threshold": "The same answers counted for every threshold from 0 to 1: a high one says yes seldom.",
    "confusion_counts": "How many samples of each class are taken for each class; on the diagonal they are right.",
    "accumulate_counts": "Adds what this batch counted to the epoch’s sums. Nothing is learned from it.",
    "quotient_scores": "A share of counts: only reported, no gradient comes from it.",
    "f_scores": "Precision and recall in one number, which is high only if both are.",
    "areas": "The area under the curve that all thresholds draw: 0.5 is guessing, 1 is perfect.",
    "r2_sums": "How targets scatter, and how far outputs are from them.",
    "r2_scores": "1 if outputs are right, 0 if they are no better than the mean of the targets.",
    "root": "The root of the mean squared error, in the unit of the targets.",
}
_KEEPING = ("choose_batch", "gather", "accuracy_rows", "accumulate", "accumulate_penalty")


def sentence(session: StepSession, answer: Any) -> str:
    """Return what the instruction does to the selected number."""
    instruction, cell = session.instruction, session.cell
    if instruction is None or cell is None:
        return ""
    tensor, index = cell
    if tensor.startswith("grad/") and tensor.endswith("/kernel") and len(index) == 2:
        words = of_weight(session, answer, tensor, index)
        if words:
            return words
    if instruction.op in _KEEPING or counts(instruction):
        return _keeping(session, instruction)
    if instruction.op in RECURRENT:
        return tr(RECURRENT[instruction.op])
    if instruction.op.endswith("_schedule"):
        return tr("The learning rate of this step, from how far training has come.")
    if instruction.op in _BEFORE_UPDATES:
        return tr(_BEFORE_UPDATES[instruction.op])
    if instruction.phase == "update":
        return of_update(session, instruction, tensor, index)
    if instruction.op in _PENALTIES:
        return tr(_PENALTIES[instruction.op])
    if instruction.op in _LOSS:
        return tr(_LOSS[instruction.op])
    if instruction.phase == "loss":
        return tr(
            "One number says how wrong the outputs are; everything that follows makes it smaller."
        )
    special = of_sums(session, instruction)
    if instruction.phase == "backward" and special:
        return special
    in_time = of_time_step(instruction.writes, instruction.phase)
    if in_time or special:
        return tr(in_time) if in_time else special
    words = tr(_GENERAL.get(instruction.op, ""))
    if words and instruction.phase == "backward" and _asks(getattr(answer, "expression", None)):
        words += " " + tr("Square brackets count 1 where what they say is true, else 0.")
    return words


def _asks(expression: Expr | None) -> bool:
    """Whether a formula has conditions in it."""
    if isinstance(expression, Call) and expression.function in TESTS:
        return True
    return expression is not None and any(map(_asks, children(expression)[:64]))


def _keeping(session: StepSession, instruction: InstructionView) -> str:
    """What an instruction does that no gradient goes through: it fetches the batch, or keeps count."""
    if instruction.op == "choose_batch":
        snapshot = session.snapshot
        chosen = snapshot.get(instruction.writes[0]) if snapshot is not None else None
        if chosen is None or session.reader.state(instruction.writes[0]) != "fresh":
            return tr(
                "The samples of this batch are drawn: every sample has its turn once an epoch."
            )
        numbers = [number(int(k) + 1) for k in chosen.ravel()[:12]]
        more = "…" if chosen.size > len(numbers) else ""
        return tr(
            "The samples of this batch: {numbers}{more}. People count them from 1, the tape from 0.",
            numbers=", ".join(numbers), more=more,
        )  # fmt: skip
    if instruction.op == "gather":
        if instruction.writes[0] == "targets":
            return tr(
                "Copies the targets of the chosen samples from the data set; every row is one sample."
            )
        if instruction.writes[0].startswith("sample_weights"):
            return tr("Copies how much each of the chosen samples counts in the loss.")
        return tr(
            "Copies the inputs of the chosen samples from the data set; every row is one sample."
        )
    if instruction.op == "accuracy_rows":
        return of_right(session, instruction)
    if instruction.op == "accumulate_penalty":
        return tr("Adds the penalties to the epoch’s sum, too, once for each sample.")
    if instruction.op == "accumulate":
        if instruction.operands.get("x", "").startswith("metrics/accuracy"):
            return tr(
                "Adds the right answers of this batch to those of the epoch. Nothing is learned from it."
            )
        added = session.reader.info(instruction.operands.get("x", ""))
        if added is not None and not added.batch:
            return tr(
                "Adds the loss of this batch to the epoch’s sum, once for each of its samples: at the end the sum is "
                "divided by their number. Nothing is learned from it."
            )
        return tr("Adds this batch’s losses to the epoch’s sum. Nothing is learned from it.")
    if instruction.op in _COUNTED:
        return tr(_COUNTED[instruction.op])
    if instruction.op == "batch_mean" and "accuracy" in instruction.writes[0]:
        return tr(
            "The share of the batch that was answered right. It is only reported: no gradient comes from it."
        )
    return tr("Measured, and only reported: no gradient comes from it.")
