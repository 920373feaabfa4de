"""Prints the path of a process."""

from core.kernels.processor import CHOSEN

if __name__ == "__main__":
    print(CHOSEN.name)
