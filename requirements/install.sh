#!/bin/sh
# Makes the virtual environment .venv and installs what requirements/dev.txt locks, and the project itself, editable.
# Does nothing, in some hundredths of a second, when that has been done already.
#
# .venv/complete says for which folder and which lock the environment was finished. It is written last and removed
# first, so an interrupted installation, like an environment that was moved or lost its Python, is made anew.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "$*" >&2
    exit 1
}

folder=$(pwd -P)
lock=$(cat requirements/dev.txt pyproject.toml | cksum)
done_for=$(cat .venv/complete 2>/dev/null || true)

if .venv/bin/python -c '' 2>/dev/null; then
    case $done_for in
        "$folder $lock") exit 0 ;;
        "$folder "*) usable=yes ;;
    esac
fi

if [ -z "${usable-}" ]; then
    candidates=${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}
    for candidate in $candidates; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        new_enough=$candidate
        "$candidate" -c 'import ensurepip, venv' 2>/dev/null || continue
        python=$candidate
        break
    done
    if [ -z "${python-}" ]; then
        [ -z "${new_enough-}" ] || fail "$new_enough cannot make virtual environments: install its venv module" \
            "(on Debian and Ubuntu the package python3-venv), or name another Python: make … PYTHON=/path/to/python"
        fail "Lobby needs Python 3.11 or newer and found none ($candidates):" \
            "install one, or name it: make … PYTHON=/path/to/python"
    fi
    echo "Making the virtual environment .venv with $python ($("$python" -V 2>&1)) …"
    rm -rf .venv
    "$python" -m venv .venv || fail "The virtual environment .venv could not be made: see above."
fi

rm -f .venv/complete
log=.venv/install.log
pip() {
    .venv/bin/python -m pip --disable-pip-version-check --quiet install "$@" >"$log" 2>&1
}

echo "Installing the packages of requirements/dev.txt; the first time this takes a minute …"
if ! pip --require-hashes --only-binary :all: -r requirements/dev.txt; then
    if grep -qiE 'connection|timed out|network is unreachable|name resolution' "$log"; then
        fail "The packages could not be fetched: is this machine online? What pip said is in $log."
    fi
    missing=$(sed -n 's/^ERROR: No matching distribution found for \([^ ;]*\).*/\1/p' "$log" | head -n 1)
    [ -z "$missing" ] || fail "There is no ready-made package of $missing for $(.venv/bin/python -V) on" \
        "$(uname -s) $(uname -m): try another Python from 3.11 on: make … PYTHON=python3.12"
    cat "$log" >&2
    fail "The packages could not be installed: see above."
fi
if ! pip --no-build-isolation --no-deps --editable .; then
    cat "$log" >&2
    fail "Lobby itself could not be installed into .venv: see above."
fi
echo "$folder $lock" >.venv/complete
