#!/bin/sh
# Runs the bundle as on a machine without Python: an empty PATH, an empty home, no variables of this shell.
#   sh packaging/check_bundle.sh dist/chainrule
set -eu
bundle=$(cd "$1" && pwd)
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT

clean() { # run a command of the bundle from a folder of its own choice
    folder=$1
    shift
    mkdir -p "$folder"
    # A program that is called by its path needs nothing on PATH.
    (cd "$folder" && env -i HOME="$home" PATH="$home/empty" LANG=C.UTF-8 QT_QPA_PLATFORM=offscreen \
        CHAINRULE_HOME="$home/settings" "$bundle/chainrule" "$@")
}

echo "== doctor"
clean "$home/one" doctor

echo "== a network is made, trained and exported"
clean "$home/one" new --template xor-mlp -o "$home/xor.chainrule"
before=$(date +%s)
clean "$home/one" train "$home/xor.chainrule" --epochs 1
between=$(date +%s)
clean "$home/two" train "$home/xor.chainrule" --epochs 1
after=$(date +%s)
echo "trained in $((between - before)) s with nothing compiled, in $((after - between)) s from another folder"
clean "$home/one" summary "$home/xor.chainrule"
# Its children are the bundle again: there is no Python to start them with.
# (Told how many, for runs as short as these would stay in one process.)
clean "$home/two" seeds "$home/xor.chainrule" --seeds 2 --epochs 1 --processes 2
clean "$home/one" export "$home/xor.chainrule" --scene training -o "$home/xor.mp4" --size 640x360 --fps 10
test -s "$home/xor.mp4"

echo "== the window stays open"
# Where xvfb is at hand this is a real window of the xcb plugin, as learners on Linux get it.
set +e
if command -v xvfb-run >/dev/null 2>&1; then
    timeout --kill-after=5 20 xvfb-run -a env -u PYTHONPATH CHAINRULE_HOME="$home/settings" HOME="$home" \
        "$bundle/chainrule"
else
    clean "$home/one" >/dev/null &
    window=$!
    sleep 20
    kill -0 "$window" && kill "$window" && (exit 124)
fi
code=$?
set -e
# 124 is timeout's way of saying that the program was still running.
if [ "$code" != 124 ]; then
    echo "the window closed by itself with code $code" >&2
    exit 1
fi
echo "== $(du -sh "$bundle" | cut -f1) in $bundle: all well"
