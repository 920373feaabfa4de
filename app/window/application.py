"""Making the application and its window, and running them."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QStyleFactory

from app import theme_fonts
from app.bus import Bus, CommandError
from app.clock import Clock
from app.document import Document
from app.engine import Engine
from app.idle import IdleImports
from app.settings import Settings
from app.theme_sheet import ThemeSwitch
from app.window import templates
from app.window.crash import CrashReporter
from app.window.main import MainWindow
from app.workspace import WindowContext

log = logging.getLogger("chainrule.window")

_switch: ThemeSwitch | None = None


def application() -> QApplication:
    """Return the application, made at the first call."""
    global _switch
    found = QApplication.instance()
    if not isinstance(found, QApplication):
        QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
            Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
        )
        found = QApplication(sys.argv[:1])
    if _switch is not None and _switch.parent() is found:
        return found
    QCoreApplication.setApplicationName("Chainrule")
    QCoreApplication.setApplicationVersion(_version())
    QGuiApplication.setDesktopFileName("chainrule")
    found.setStyle(QStyleFactory.create("Fusion"))
    theme_fonts.load_fonts()
    found.setFont(theme_fonts.font("body"))
    found.setWindowIcon(_program_icon())
    _switch = ThemeSwitch(found)
    return found


def theme_switch() -> ThemeSwitch:
    """Return what applies themes to the application."""
    application()
    assert _switch is not None
    return _switch


def window(path: Path | None = None) -> MainWindow:
    """Return a window with a project open."""
    switch = theme_switch()
    settings = Settings()
    mode = settings.get("theme", "system")
    switch.set_mode(mode if mode in ("system", "dark", "light") else "system")
    bus, document, clock = Bus(), Document(), Clock()
    warm = os.environ.get("CHAINRULE_WARM_UP", "1") != "0"
    engine = Engine(clock, warm=warm)
    context = WindowContext(document, bus, engine, clock, settings)
    for part in (document, clock, engine):
        part.setParent(context)
    main = MainWindow(context, switch)
    _open_first(main, path)
    return main


def run_application(path: Path | None = None) -> int:
    """Open the window and return the exit code when it has closed."""
    program = application()
    reporter = CrashReporter()
    reporter.install()
    main = window(path)
    reporter.attach(main)
    main.show()
    IdleImports(main)
    code = program.exec()
    reporter.close()
    if not main.context.engine.ended:
        # Everything is saved. Destroying the running thread would abort with a crash report.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    # Qt's objects go while Qt is still there, and not in the order of Python's last breath.
    main.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return code


def _open_first(main: MainWindow, path: Path | None) -> None:
    bus, settings = main.context.bus, main.context.settings
    last = settings.get("last_project")
    if path is None and last and Path(last).is_file():
        path = Path(last)
    bus.do("template.open", name=templates.FIRST)
    if path is not None:
        try:
            bus.do("project.open", path=str(path))
        except CommandError as error:
            main.show_problem(str(error))


def _program_icon() -> QIcon:
    from importlib import resources

    icon = QIcon()
    folder = resources.files("assets") / "icons" / "program"
    for side in (16, 24, 32, 48, 64, 128, 256):
        file = folder / f"chainrule-{side}.png"
        if file.is_file():
            picture = QPixmap()
            picture.loadFromData(file.read_bytes())
            icon.addPixmap(picture)
    return icon


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("chainrule")
    except PackageNotFoundError:
        return "0"
