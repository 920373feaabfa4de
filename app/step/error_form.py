"""The switch between Keras's mean squared error and the notes' half squared error, where one of them is the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout

from app.step.sections.notes import ERRORS
from app.text import tr
from app.widgets import Label, Panel, Segmented

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext


class ErrorForm(Panel):
    """Two choices; the loss of the document follows, so that what is printed is what is run."""

    def __init__(self, context: WindowContext, parent: QWidget) -> None:
        # With its parent from the start: what is shown without one is a window of its own.
        super().__init__(name="step-error", ground="bg1", edges="b", parent=parent)
        self._context = context
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 16, 5)
        self.choice = Segmented(
            ((ERRORS[0], tr("Mean")), (ERRORS[1], tr("½ Σ"))),
            name="step-error-form", label=tr("Error"),
        )  # fmt: skip
        self.setToolTip(
            tr(
                "Keras's mean squared error has no half and a mean over the batch; the error of many notes has a half "
                "and no mean. The loss becomes what is chosen, from the next step on."
            )
        )
        self.choice.chosen.connect(
            lambda loss: self._context.do("training.configure", loss=str(loss))
        )
        row.addWidget(Label(tr("Error (Y − O)²"), "label", "tx2"))
        row.addStretch(1)
        row.addWidget(self.choice)
        context.document.model_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Take over the document's loss; nothing is to be chosen for others."""
        loss = self._context.document.training.loss
        shown = loss if isinstance(loss, str) else ""
        self.setVisible(shown in ERRORS)
        self.choice.set_value(shown)
