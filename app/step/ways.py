"""Walking the chain rule: the list of ways a path can take, and the commands of the inspector's small controls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QMenu, QWidget

from app.arguments import Index, Place
from app.bus import CommandError
from app.engine.transport import check_instruction
from app.scenes.formula_expressions import format_number
from app.step.choosing import check_cell
from app.text import tr

if TYPE_CHECKING:
    from app.step.session import StepSession
    from core.expressions import Ref
    from core.tape.chain import Chain, Way

#: As many are offered; the largest shares stand first.
MOST = 24


class ChainCommands(QObject):
    """What can be done with a chain: choose another way, show more of it, go to what computed a factor.

    Attributes
    ----------
    menu
        The list of ways that was opened last, or None.
    """

    def __init__(self, session: StepSession, sheet: QWidget) -> None:
        super().__init__(sheet)
        self._session, self._sheet = session, sheet
        self.menu: WaysMenu | None = None
        bus = session.context.bus
        for name, handler, label in (
            ("step.chain_through", self._choose, tr("Choose another path")),
            ("step.chain_ways", self._offer, tr("Choose another path")),
            ("step.chain_show", self._show, tr("Chain rule")),
            ("step.chain_jump", self._jump, tr("Look at an instruction")),
        ):
            if not bus.knows(name):
                bus.register(name, handler, label=label)

    def _choose(self, level: Place, tensor: str, index: Index) -> None:
        self._check_level(level)
        check_cell(self._session.context, tensor, index, full=True)
        self._session.questions.choose(level, tensor, tuple(index))

    def _offer(self, level: Place) -> None:
        """Open the list of the ways a path can take from a level."""
        found = self._check_level(level)
        self.menu = WaysMenu(self._session, found, level, self._sheet)
        self.menu.popup(QCursor.pos())

    def _check_level(self, level: int) -> Chain:
        """Return the chain that is shown, if it has that level."""
        found = self._session.questions.chain
        if found is None or level >= len(found.answer.levels):
            raise CommandError(
                tr("The chain rule that is shown has no level {level}.", level=level + 1)
                if found is not None
                else tr("No chain rule is shown now: look at a gradient first.")
            )
        chain: Chain = found.answer
        return chain

    def _show(self, part: Literal["all", "split"], on: bool) -> None:
        """Show all factors of a long chain ("all"), or one instruction as the two it stands for ("split")."""
        self._session.set_toggle(f"chain.{part}", on)

    def _jump(self, instruction: Place, tensor: str, index: Index) -> None:
        """Look at the instruction that computed a factor, and at the number it is of."""
        check_instruction(self._session.context.engine, instruction)
        check_cell(self._session.context, tensor, index)
        self._session.select_cell(tensor, tuple(index))
        self._session.inspect(instruction)


class WaysMenu(QMenu):
    """What a level of the chain could go through; choosing one is the command ``step.chain_through``."""

    def __init__(self, session: StepSession, chain: Chain, level: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("step-chain-ways")
        self.setAccessibleName(tr("Ways through the network"))
        here = chain.levels[level]
        bus = session.context.bus
        for k, way in enumerate(here.ways[:MOST]):
            action = QAction(_words(session, way, here.value), self)
            action.setObjectName(f"step-chain-way-{k}")
            action.setCheckable(True)
            action.setChecked(k == here.chosen)
            source = way.source
            action.triggered.connect(
                lambda _on=False, s=source: bus.do(
                    "step.chain_through", level=level, tensor=s.tensor, index=list(s.index)
                )
            )
            self.addAction(action)
        if here.count > MOST:
            rest = QAction(tr("… and {count} smaller ones", count=here.count - MOST), self)
            rest.setEnabled(False)
            self.addAction(rest)
        self.aboutToHide.connect(self.deleteLater)


def named(session: StepSession, ref: Ref) -> str:
    """Return a number in one line of plain text: z²[3], with its sample where there are several."""
    info = session.reader.info(ref.tensor)
    where = f"[{ref.shown}]" if ref.shown else ""
    sample = ""
    if info is not None and info.batch and session.rows > 1 and ref.index:
        sample = " " + tr("of sample {number}", number=ref.index[0] + 1)
    return f"{ref.symbol or ref.tensor}{where}{sample}"


def _words(session: StepSession, way: Way, whole: float | None) -> str:
    words = tr("through {name}", name=named(session, way.variable or way.source))
    share = way.share
    if share is None:
        return words
    words += f"   {format_number(share, 5, sign=True)}"
    if whole:
        words += f"   {format_number(100 * share / whole, 0)} %"
    return words
