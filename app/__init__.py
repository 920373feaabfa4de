"""Chainrule, the desktop program."""
