#!/bin/sh
# Prepares what `make` needs and installs only what is missing:
#   environment.sh run                 the program
#   environment.sh test lint ...       the program and those extras of pyproject.toml
#   environment.sh ... xvfb            and a virtual display
# On Debian and Ubuntu also Python, and the system libraries that Qt links to. Elsewhere it says what is missing.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

say() { printf '%s\n' "chainrule: $*" >&2; }

# Install Debian packages, as root or through sudo; where neither is possible, say what to run.
install_packages() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "this system needs what Debian calls: $*. Install them with its own package manager."
        return 1
    fi
    if [ "$(id -u)" = 0 ]; then as_root=""
    elif command -v sudo >/dev/null 2>&1; then as_root="sudo"
    else
        say "please run as root:  apt-get install $*"
        return 1
    fi
    say "installing $*"
    # A stale list of packages is the usual reason for a failure, so only then is it fetched again.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 || {
        $as_root apt-get update -qq
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    }
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python) || {
        install_packages python3 python3-venv || true
        python=$(find_python) || {
            say "Python 3.11 or newer is needed and was not found. Install it, or name one: make run PYTHON=/path/to/python3"
            exit 1
        }
    }
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        # Debian keeps these two in a package of their own, named after the version.
        version=$("$python" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")')
        install_packages "python$version-venv"
    fi
    say "creating $venv with $("$python" --version 2>&1)"
    "$python" -m venv "$venv"
fi

# One stamp for each extra holds the pyproject.toml it was installed from; nothing is asked of pip again until that
# changes.
wanted=""
extras=""
display=""
for word in "$@"; do
    if [ "$word" = xvfb ]; then
        display=yes
    elif ! cmp -s pyproject.toml "$venv/installed-$word"; then
        wanted="$wanted $word"
        [ "$word" = run ] || extras="$extras${extras:+,}$word"
    fi
done
if [ -n "$wanted" ]; then
    say "installing the program${extras:+ with $extras} into $venv (the first time takes a few minutes)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}"
    for word in $wanted run; do cp pyproject.toml "$venv/installed-$word"; done
fi

[ "$(uname -s)" = Linux ] || exit 0

# What the dynamic linker does not find, among all that Qt's modules and its two platform plugins link to.
missing_libraries() {
    qt=$("$venv/bin/python" -c 'import PySide6; print(PySide6.__path__[0])')
    ldd "$qt"/QtGui.abi3.so "$qt"/QtWidgets.abi3.so "$qt"/QtSvg.abi3.so \
        "$qt"/Qt/plugins/platforms/libqxcb.so "$qt"/Qt/plugins/platforms/libqoffscreen.so 2>/dev/null |
        sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u
}

package_of() {
    case $1 in
        libEGL.so.*) echo libegl1 ;;
        libGL.so.*) echo libgl1 ;;
        libGLX.so.*) echo libglx0 ;;
        libOpenGL.so.*) echo libopengl0 ;;
        libX11.so.*) echo libx11-6 ;;
        libX11-xcb.so.*) echo libx11-xcb1 ;;
        libxkbcommon.so.*) echo libxkbcommon0 ;;
        libxkbcommon-x11.so.*) echo libxkbcommon-x11-0 ;;
        libxcb.so.*) echo libxcb1 ;;
        libxcb-*.so.*) echo "$1" | sed 's/\.so\.//' ;; # libxcb-cursor.so.0 is in libxcb-cursor0, and so on
        libdbus-1.so.*) echo libdbus-1-3 ;;
        libfontconfig.so.*) echo libfontconfig1 ;;
        libfreetype.so.*) echo libfreetype6 ;;
        libglib-2.0.so.* | libgthread-2.0.so.* | libgobject-2.0.so.*) echo libglib2.0-0 ;;
        libz.so.*) echo zlib1g ;;
        libzstd.so.*) echo libzstd1 ;;
        *) say "no Debian package is known here for $1" ;;
    esac
}

packages=""
for library in $(missing_libraries); do
    package=$(package_of "$library")
    case " $packages " in *" $package "*) ;; *) packages="$packages${package:+ $package}" ;; esac
done
if [ -n "$display" ] && ! command -v xvfb-run >/dev/null 2>&1; then
    packages="$packages xvfb xauth"
fi
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086 # one word for each package
    install_packages $packages
fi
