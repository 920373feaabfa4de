#!/bin/sh
# Opens the window; where there is no display to open it on, renders the digits training animation to a file.
set -eu
cd "$(dirname "$0")/.."
chainrule=${VENV:-.venv}/bin/chainrule

if [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}" ] || [ -n "${WAYLAND_DISPLAY:-}" ]; then
    exec "$chainrule"
fi

film=digits-training.mp4
echo "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can be opened."
echo "Rendering an animation of the digits network learning to $film instead."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$chainrule" new --template digits-cnn -o "$folder/digits.chainrule"
"$chainrule" train "$folder/digits.chainrule" --epochs 1
"$chainrule" export "$folder/digits.chainrule" --scene training -o "$film"
echo "Done: $film"
