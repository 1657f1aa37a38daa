# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The verbs for a desktop: a virtual environment in .venv, and the demo or the tests in it.

suits() { # suits PYTHON: 3.11 or later, 64 bit
    "$1" -c 'import sys; sys.exit(not (sys.version_info >= (3, 11) and sys.maxsize > 2**32))' 2>/dev/null
}

find_python() { # the first Python that suits, in $python
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        suits "$PYTHON" || fail "PYTHON=$PYTHON is $("$PYTHON" --version 2>/dev/null || echo 'no Python'); expected a 64-bit Python 3.11 or later"
        python=$PYTHON
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
        if suits "$candidate"; then
            python=$candidate
            return
        fi
    done
    command -v python3 >/dev/null || fail "Python is missing: install Python 3.11 or later"
    python3 -c 'import sys; sys.exit(sys.maxsize <= 2**32)' ||
        fail "this is a 32-bit system: the model runtime exists for 64 bit only"
    fail "$(python3 --version) is too old: install Python 3.11 or later (or name one: PYTHON=/path/to/python ./setup.sh ...)"
}

another_python() { # whether PYTHON names another version than .venv has
    local python has
    [ -n "${PYTHON:-}" ] || return 1
    has=$(.venv/bin/python --version 2>/dev/null) || return 1
    find_python
    if [ "$has" = "$("$python" --version)" ]; then
        say "keeping .venv ($has)"
        return 1
    fi
    say ".venv is $has: making it anew"
}

make_venv() { # .venv with a Python that works; one that is there is kept, unless `anew` is set
    if [ -z "$anew" ] && .venv/bin/python -c 'import pip' 2>/dev/null && suits .venv/bin/python; then return; fi
    local python
    find_python
    need_venv "$python"
    say "making .venv with $("$python" --version)"
    quietly "$python" -m venv --clear .venv || fail "no virtual environment could be made: see above"
}

desktop_venv() { # desktop_venv unit|all: install that set unless just that is installed
    local set=$1 anew='' stamp extras='' size=600 time='a minute'
    # What was installed, and where: an editable installation is of no use in a copied folder.
    stamp="$here $(cat pyproject.toml constraints/desktop.txt | cksum)"
    if another_python; then
        anew=yes
    elif [ "$(cat .venv/maskgate-all 2>/dev/null)" = "$stamp" ]; then
        return
    elif [ "$set" = unit ] && [ "$(cat .venv/maskgate-unit 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    if [ "$set" = all ]; then extras='[train,dev]' size=3500 time='a few minutes'; fi
    need_space . "$size"
    make_venv
    if [ "$set" = all ]; then
        .venv/bin/python -c 'import sys; sys.exit(sys.version_info >= (3, 14))' ||
            fail "$(.venv/bin/python --version) is too new for TensorFlow, which the tests need: PYTHON=python3.13 ./setup.sh test"
    fi
    say "installing packages into .venv (at most $size MB, $time the first time)"
    quietly .venv/bin/python -m pip install --disable-pip-version-check --retries 2 \
        --constraint constraints/desktop.txt --editable ".$extras" ||
        fail "pip failed: see above"
    printf '%s\n' "$stamp" >".venv/maskgate-$set"
}

desktop_demo() {
    desktop_venv unit
    say "maskgate demo${*:+ $*}"
    .venv/bin/maskgate demo "$@"
    say "maskgate is .venv/bin/maskgate here; after \`. .venv/bin/activate\` plain \`maskgate\` works"
}

lint() {
    local bad=0
    say "ruff"
    .venv/bin/ruff check --quiet . || bad=1
    say "mypy"
    .venv/bin/mypy --no-error-summary || bad=1
    return $bad
}

desktop_test() {
    local bad=0
    desktop_venv all
    if [ $# -eq 0 ]; then
        lint || bad=1
        # CI takes its time; a developer's quick tests leave out the slow ones (pyproject.toml).
        if [ "${CI:-}" = true ]; then set -- -m "not pi"; fi
    fi
    say "pytest${*:+ $*}"
    .venv/bin/python -m pytest "$@" || bad=1
    return $bad
}

desktop_test_pi() {
    local which='pi and not machine'
    desktop_venv all
    if [ "${1:-}" = --all ]; then
        which=pi
        shift
    fi
    say "pytest -m '$which' tests/pi${*:+ $*}"
    .venv/bin/python -m pytest -m "$which" tests/pi "$@"
}
