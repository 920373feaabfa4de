"""Walking the chain rule: the list of ways a path can take, and the commands of the inspector's small controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QMenu, QWidget

from app.scenes.formula_expressions import format_number
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def _choose(self, level: int, tensor: str, index: Sequence[int]) -> None:
        self._session.questions.choose(int(level), str(tensor), tuple(int(k) for k in index))

    def _offer(self, level: int) -> None:
        """Open the list of the ways a path can take from a level."""
        found = self._session.questions.chain
        if found is not None and 0 <= level < len(found.answer.levels):
            self.menu = WaysMenu(self._session, found.answer, level, self._sheet)
            self.menu.popup(QCursor.pos())

    def _show(self, part: str, on: bool) -> None:
        """Show all factors of a long chain ("all"), or one instruction as the two it stands for ("split")."""
        self._session.set_toggle(f"chain.{part}", bool(on))

    def _jump(self, instruction: int, tensor: str, index: Sequence[int]) -> None:
        """Look at the instruction that computed a factor, and at the number it is of."""
        self._session.select_cell(str(tensor), tuple(int(k) for k in index))
        self._session.inspect(int(instruction))


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
