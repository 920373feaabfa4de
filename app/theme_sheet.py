"""How Qt's own widgets get the theme: a palette, a short style sheet, and following the system."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app import theme
from app.theme import DARK, LIGHT, Theme

MODES = ("system", "dark", "light")


def palette(colors: Theme) -> QPalette:
    """Return the palette of a theme."""
    result = QPalette()
    role = QPalette.ColorRole
    table = {
        role.Window: colors.bg1,
        role.WindowText: colors.tx,
        role.Base: colors.bg0,
        role.AlternateBase: colors.bg1,
        role.Text: colors.tx,
        role.PlaceholderText: colors.tx3,
        role.Button: colors.bg2,
        role.ButtonText: colors.tx,
        role.BrightText: colors.err,
        role.ToolTipBase: colors.bg2,
        role.ToolTipText: colors.tx,
        role.Highlight: colors.selbg,
        role.HighlightedText: colors.tx,
        role.Link: colors.pos,
        role.LinkVisited: colors.pos,
        role.Light: colors.line2,
        role.Midlight: colors.line2,
        role.Mid: colors.line2,
        role.Dark: colors.line,
        role.Shadow: colors.line,
        role.Accent: colors.tx,
    }
    for entry, color in table.items():
        result.setColor(entry, color)
    for entry in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(colors.tx3)
        result.setColor(QPalette.ColorGroup.Disabled, entry, faded)
    return result


def style_sheet(colors: Theme) -> str:
    """Return the style sheet of a theme; our own controls paint themselves and need none."""
    t = {name: colors.css(name) for name in (
        "bg0", "bg1", "bg2", "bg3", "selbg", "line", "line2", "tx", "tx2", "tx3", "err", "loss",
        "fwd", "bwd", "pos", "neg",
    )}  # fmt: skip
    tones = "\n".join(
        f'QLabel[tone="{tone}"] {{ color: {t[tone]}; background: transparent; }}'
        for tone in ("tx", "tx2", "tx3", "err", "loss", "fwd", "bwd", "pos", "neg")
    )
    return f"""
{tones}
QMainWindow, QDialog, QMessageBox {{ background: {t["bg1"]}; }}
QWidget[clear="true"] {{ background: transparent; }}
QFrame[hairline="true"] {{ background: {t["line"]}; border: none; }}
QFrame[panel="header"] {{ background: {t["bg1"]}; border: none;
    border-bottom: 1px solid {t["line"]}; }}
QToolTip {{ background: {t["bg2"]}; color: {t["tx"]}; border: 1px solid {t["line2"]};
    padding: 4px 8px; }}
QMenu {{ background: {t["bg1"]}; color: {t["tx"]}; border: 1px solid {t["line2"]};
    padding: 4px; }}
QMenu::item {{ padding: 5px 20px 5px 12px; border-radius: 4px; margin: 0; }}
QMenu::item:selected {{ background: {t["selbg"]}; }}
QMenu::indicator {{ width: 8px; height: 8px; margin-left: 8px; border-radius: 4px; }}
QMenu::indicator:checked {{ background: {t["tx"]}; }}
QMenu::item:disabled {{ color: {t["tx3"]}; }}
QMenu::separator {{ height: 1px; background: {t["line"]}; margin: 4px 8px; }}
QLineEdit, QDoubleSpinBox, QSpinBox {{ background: {t["bg0"]}; color: {t["tx"]};
    border: 1px solid {t["line2"]}; border-radius: 4px; padding: 0 7px;
    selection-background-color: {t["selbg"]}; selection-color: {t["tx"]}; }}
QDoubleSpinBox {{ padding: 0; }}
QDoubleSpinBox QLineEdit {{ border: none; padding: 0; background: transparent; }}
QLineEdit:hover, QDoubleSpinBox:hover, QComboBox:hover {{ border-color: {t["tx3"]}; }}
QLineEdit:focus, QDoubleSpinBox:focus {{ border-color: {t["tx"]}; }}
QLineEdit[error="true"], QDoubleSpinBox[error="true"] {{ border-color: {t["err"]}; }}
QDoubleSpinBox QLineEdit:focus, QDoubleSpinBox QLineEdit:hover {{ border: none; }}
QComboBox {{ background: {t["bg0"]}; color: {t["tx"]}; border: 1px solid {t["line2"]};
    border-radius: 4px; padding: 0 8px; }}
QLineEdit:disabled, QDoubleSpinBox:disabled, QSpinBox:disabled, QComboBox:disabled {{
    color: {t["tx3"]}; border-color: {t["line"]}; }}
QDoubleSpinBox QLineEdit:disabled {{ color: {t["tx3"]}; }}
#study-settings QLabel:disabled {{ color: {t["tx3"]}; }}
QComboBox::drop-down {{ border: none; width: 0; }}
QComboBox QAbstractItemView {{ background: {t["bg1"]}; color: {t["tx"]};
    border: 1px solid {t["line2"]}; padding: 4px; outline: none;
    selection-background-color: {t["selbg"]}; selection-color: {t["tx"]}; }}
QComboBox QAbstractItemView::item {{ min-height: 26px; padding: 0 8px; }}
QPlainTextEdit, QTextEdit {{ background: {t["bg0"]}; color: {t["tx"]}; border: none;
    selection-background-color: {t["selbg"]}; selection-color: {t["tx"]}; }}
QTableView {{ background: {t["bg1"]}; border: none; }}
QHeaderView {{ background: {t["bg1"]}; border: none; }}
QHeaderView::section {{ background: {t["bg1"]}; color: {t["tx3"]}; border: none;
    padding: 0 16px; font-family: Inter; font-size: 11px; font-weight: 500; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t["line2"]}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::handle:hover {{ background: {t["tx3"]}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; }}
QMessageBox QPushButton, QDialog QPushButton {{ background: {t["bg2"]}; color: {t["tx"]};
    border: 1px solid {t["line2"]}; border-radius: 6px; padding: 5px 14px; min-width: 92px;
    font-family: Inter; font-size: 12px; font-weight: 500; }}
QMessageBox QPushButton:hover, QDialog QPushButton:hover {{ background: {t["bg3"]}; }}
QMessageBox QPushButton:focus, QDialog QPushButton:focus {{ border: 2px solid {t["tx"]};
    padding: 4px 13px; }}
QMessageBox QPushButton:default {{ background: {t["tx"]}; color: {t["bg1"]};
    border-color: {t["tx"]}; }}
"""


class ThemeSwitch(QObject):
    """Apply a theme to the application and follow the system's choice.

    Signals
    -------
    changed(Theme)
        After everything has the new colours.
    """

    changed = Signal(object)

    def __init__(self, application: QApplication, mode: str = "system") -> None:
        super().__init__(application)
        self._application = application
        self._mode = mode if mode in MODES else "system"
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_changed)
        self._apply()

    @property
    def mode(self) -> str:
        """``"system"``, ``"dark"`` or ``"light"``."""
        return self._mode

    def set_mode(self, mode: str) -> None:
        """Choose a theme, or follow the system again.

        Raises
        ------
        ValueError
            For another word.
        """
        if mode not in MODES:
            raise ValueError(f"A theme is one of {', '.join(MODES)}; it is {mode!r}.")
        self._mode = mode
        # Restyling a full window costs tens of milliseconds.
        if self._wanted() is not theme.current():
            self._apply()
        else:
            self.changed.emit(theme.current())

    def toggle(self) -> None:
        """Switch between dark and light."""
        self.set_mode("light" if theme.current().is_dark else "dark")

    def _wanted(self) -> Theme:
        if self._mode != "system":
            return theme.THEMES[self._mode]
        scheme = QGuiApplication.styleHints().colorScheme()
        return LIGHT if scheme == Qt.ColorScheme.Light else DARK

    def _apply(self) -> None:
        wanted = self._wanted()
        theme.set_current(wanted)
        # Palette and sheet are set even if the theme stays: this also runs at start. Qt takes a
        # sheet off and puts one on in a fraction of the time it needs to swap one for another.
        self._application.setStyleSheet("")
        self._application.setPalette(palette(wanted))
        self._application.setStyleSheet(style_sheet(wanted))
        self.changed.emit(wanted)

    @Slot()
    def _on_system_changed(self) -> None:
        if self._mode == "system" and self._wanted() is not theme.current():
            self._apply()
