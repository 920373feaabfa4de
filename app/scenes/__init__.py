"""Scenes: pure layout and paint functions shared by the window and the exporters. They keep no state of widgets."""
