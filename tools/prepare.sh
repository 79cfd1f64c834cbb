#!/bin/sh
# Find a Python that famgeo runs on, and let it prepare .venv: prepare.sh run|test|bench.
set -eu
cd "$(dirname "$0")/.."

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
        if fits "$name"; then
            echo "$name"
            return
        fi
    done
}

install_python() {
    become=""
    [ "$(id -u)" = 0 ] || become=sudo
    echo "There is no Python here yet: installing Debian's with '${become:+$become }apt-get install python3'."
    $become apt-get update -qq
    $become apt-get install -y --no-install-recommends python3 python3-venv
}

python=$(find_python)
if [ -z "$python" ] && [ -z "${PYTHON:-}" ] && ! command -v python3 >/dev/null 2>&1 &&
    command -v apt-get >/dev/null 2>&1; then
    install_python
    python=$(find_python)
fi
if [ -z "$python" ]; then
    echo "famgeo needs Python 3.11, 3.12, 3.13 or 3.14, and found none. Install one and run this" \
        "again, or name it: make demo PYTHON=/path/to/python3" >&2
    exit 1
fi
exec "$python" tools/prepare.py "$@"
