"""The worked examples of the course: the list to choose from, and the notes shown with the one that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy

from app.bus import CommandError
from app.text import tr
from app.widgets import Button, Label, Panel, Popover
from app.window.cards import Card
from core import templates

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext
    from core.templates import Template

#: What stands before a note, by its kind.
_HEADS = {
    "number": tr("By hand"),
    "convention": tr("As the notes write it"),
    "slip": tr("Put right"),
}


class ExamplesButton(Button):
    """Opens the list of worked examples; a click on one makes it the project."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__(tr("Examples"), name="step-examples", kind="ghost", icon="learn")
        self.setAccessibleName(tr("Worked examples"))
        self.setToolTip(tr("Worked examples of the course, ready to step"))
        self._context = context
        self._list: Popover | None = None
        self.clicked.connect(self._open)

    def _open(self) -> None:
        if self._list is not None and self._list.isVisible():
            self._list.close_popover()
            return
        if self._list is not None:
            self._list.deleteLater()
        found = Popover(self, name="step-example-list", title=tr("Worked examples"), width=440)
        for template in templates.examples():
            assert template.example is not None
            card = Card(
                tr(template.example.title), tr(template.summary), name=f"example-{template.name}", wrap=True,
            )  # fmt: skip
            card.clicked.connect(lambda _=False, name=template.name: self._choose(name))
            found.body.addWidget(card)
        self._list = found
        found.open()

    def _choose(self, name: str) -> None:
        from app.window import dialogs

        assert self._list is not None
        self._list.close_popover()
        window: Any = self.window()
        if dialogs.may_close(window):
            self._context.do("template.open", name=name)


class NoteStrip(Panel):
    """One note at a time on the numbers of the open example; takes no room for other networks."""

    def __init__(self, context: WindowContext, parent: QWidget) -> None:
        # With its parent from the start: what is shown without one is a window of its own.
        super().__init__(name="step-notes", ground="bg2", edges="b", parent=parent)
        self.setAccessibleName(tr("Notes on this example"))
        self._context = context
        self._example: Template | None = None
        self._done: set[str] = set()
        self._place = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 7, 8, 8)
        row.setSpacing(10)
        self.head = Label("", "section", "tx2", name="step-note-head")
        self.head.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text = Label("", "label", "tx", name="step-note-text", wrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.count = Label("", "value", "tx3", name="step-note-count")
        self.before = self._button("before", "chevron-left", tr("Note before"), -1)
        self.after = self._button("after", "chevron-right", tr("Next note"), 1)
        close = Button(name="step-note-close", kind="ghost", icon="x", icon_size=14)
        close.setAccessibleName(tr("Close the notes"))
        close.setToolTip(tr("Close the notes; they come back with the example"))
        close.clicked.connect(lambda: self._context.do("step.note", place=-1))
        row.addWidget(self.head, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        for widget in (self.before, self.count, self.after, close):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        if not context.bus.knows("step.note"):
            context.bus.register("step.note", self.show_note, label=tr("Note"))
        context.document.model_changed.connect(self.refresh)
        context.document.opened.connect(self._on_opened)
        # Whoever puts it somewhere refreshes it: shown before, it would be a window of its own for a moment.
        self.hide()

    def _button(self, name: str, icon: str, label: str, by: int) -> Button:
        made = Button(name=f"step-note-{name}", kind="ghost", icon=icon, icon_size=14)
        made.setAccessibleName(label)
        made.setToolTip(label)
        made.clicked.connect(lambda: self._context.do("step.note", place=self._place + by))
        return made

    @property
    def example(self) -> Template | None:
        """The worked example whose network is open."""
        return self._example

    def _on_opened(self) -> None:
        self._done.clear()
        self.refresh()

    def refresh(self) -> None:
        """Take over the document: an edited network is no example any more, and undo makes it one again."""
        document = self._context.document
        found = templates.of_network(document.network, document.data)
        if found is not self._example:
            self._example, self._place = found, 0
        self._show()

    def show_note(self, place: Annotated[int, msgspec.Meta(ge=-1)]) -> None:
        """Show another note of the example; −1 closes them."""
        if self._example is None or self._example.example is None:
            raise CommandError(tr("The open network is no worked example, so it has no notes."))
        count = len(self._example.example.notes)
        if place >= count:
            raise CommandError(
                tr("There are {count} notes, numbered from 1; there is no note {number}.",
                   count=count, number=place + 1)
            )  # fmt: skip
        if place < 0:
            self._done.add(self._example.name)
        else:
            self._done.discard(self._example.name)
            self._place = place
        self._show()

    def _show(self) -> None:
        found = self._example
        notes = found.example.notes if found is not None and found.example is not None else ()
        self.setVisible(bool(notes) and found is not None and found.name not in self._done)
        if not notes:
            return
        note = notes[self._place]
        self.head.setText(_HEADS[note.kind])
        self.text.setText(tr(note.text))
        self.setAccessibleDescription(f"{_HEADS[note.kind]}: {note.text}")
        self.count.setText(f"{self._place + 1}/{len(notes)}")
        self.before.setEnabled(self._place > 0)
        self.after.setEnabled(self._place < len(notes) - 1)
        self.updateGeometry()
