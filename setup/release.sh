# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A release: made beside the one in use, tried, and only then put into use, in one step. Whatever fails before that step
# leaves the running release as it is.

sources() { # what a release is made of
    find edge trainer convert setup setup.sh systemd pyproject.toml README.md LICENSE "$constraints" -type f ! -path '*/__pycache__/*'
}

release_name() { # VERSION-CONTENT: the same sources make the same release
    local version content
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
    content=$(sources | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done | sha256sum | cut -c1-8)
    printf '%s-%s' "$version" "$content"
}

name_release() { # sets $release. A damaged one is not touched, as it may be in use: the same is made beside it
    local first found status copy=1
    first=$opt/releases/$(release_name)
    release=$first
    while [ -e "$root$release/complete" ]; do
        status=0
        found=$(inside /usr/bin/python3 - "$release" <setup/damaged.py 2>/dev/null) || status=$?
        # Anything else than 3 is of a Python that cannot look.
        if [ "$status" -ne 3 ]; then return; fi
        say "release ${release##*/} is damaged (${found%%$'\n'*}): another takes its place; if it happens twice, replace the SD card"
        copy=$((copy + 1)) release=$first.$copy
    done
}

pip() { # pip ARGUMENTS...: of the new release, from the registry or from --offline's folder
    local from=(--retries 2)
    # Not in root's home, where it would stay: here it spares whoever loses the network a second download, and goes with the release done.
    local -x PIP_CACHE_DIR=${PIP_CACHE_DIR:-$opt/fetched}
    if [ -n "$wheels" ]; then
        if [ -z "$root" ]; then from=(--no-index --find-links "$wheels"); else from=(--no-index --find-links /tmp/wheels); fi
    fi
    quietly inside "$release/bin/pip" install --disable-pip-version-check --no-deps "${from[@]}" "$@" || fail "pip failed: see above"
}

make_release() { # in $release
    local numpy work
    if [ -e "$root$release/complete" ]; then
        say "release ${release##*/} is there"
        return
    fi
    begin "release ${release##*/}: virtual environment and packages (250 MB, some minutes)"
    [ -n "$dry" ] || leftovers+=("$root$release") # half of one is of no use to anybody, and a full card needs the room
    run rm -rf "$root$release"
    run quietly inside /usr/bin/python3 -m venv --system-site-packages "$release"
    if [ -n "$dry" ]; then
        run "$release/bin/pip" install --no-deps --requirement "$constraints"
        run "$release/bin/pip" install --no-deps .
        return
    fi
    work=$(mktemp -d "$root/var/tmp/maskgate-setup.XXXXXX")
    leftovers+=("$work")
    # apt's numpy is the one that counts: name the version that it has.
    numpy=$(inside /usr/bin/python3 -c 'import numpy; print(numpy.__version__)')
    sed "s/^numpy==.*/numpy==$numpy/" "$constraints" >"$work/packages.txt"
    pip --requirement "${work#"$root"}/packages.txt"
    # Built in a copy, so that a checkout of somebody else's is left as it is.
    mkdir "$work/source"
    sources | tar -cf - --files-from=- | tar -xf - -C "$work/source"
    pip "${work#"$root"}/source"
    keep_own_files "$work/source"
    rm -rf "$work"
    begin "trying release ${release##*/}: does its model run here"
    # Its `pins safe` runs whenever the service dies, that of the release before included.
    { trial model show && trial pins safe --panel mock; } ||
        fail "this release does not run here, or not within $trial_s s: see above; what was in use is in use still"
    # A marker that is on the card before what it vouches for would vouch for nothing.
    sync
    touch "$root$release/complete"
    leftovers=() # nothing else was left to take away
    rm -rf "$root$opt/fetched"
}

trial_s=300 # far more than a small or emulated processor takes; at a card's first start nobody is there to interrupt
trial() { # trial ARGUMENTS...: of `maskgate` of the new release; fails where it does not end
    quietly inside timeout --foreground --kill-after=5 "$trial_s" "$release/bin/maskgate" "$@"
}

keep_own_files() { # keep_own_files SOURCE: unit files and setup.sh go with their release, for a rollback without a checkout
    local own=$root$release/share/maskgate
    mkdir -p "$own"
    cp -R "$1/setup" "$1/setup.sh" "$1/systemd" "$1/constraints" "$1/pyproject.toml" "$own/"
    inside "$release/bin/maskgate" config default >"$own/defaults.toml"
}

switch_to() { # switch_to RELEASE [PREVIOUS]: into use, in one step; what was in use is the one to go back to
    local before=${2:-}
    [ -n "$before" ] || before=$(target "$opt/current")
    begin "release ${1##*/} into use"
    if [ -n "$before" ] && [ "$before" != "$1" ]; then put "$opt/previous" "$before"; fi
    put "$opt/current" "$1"
    run ln -sfn "$opt/current/bin/maskgate" "$root$command"
}

forget_old_releases() { # all but the one in use and the one before
    local current previous folder
    [ -z "$dry" ] || return 0
    current=$(target "$opt/current") previous=$(target "$opt/previous")
    [ -n "$current" ] || return 0
    for folder in "$root$opt"/releases/*; do
        case ${folder##*/} in "${current##*/}" | "${previous##*/}") ;; *) rm -rf "$folder" ;; esac
    done
}
