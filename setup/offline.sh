# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Made on another machine for a unit: the folder of packages for an installation without a network, and a flashed card
# that installs MaskGate by itself.

offline_wheels() {
    local anew='' folder='' os=trixie arch=aarch64 version glibc minor platforms=()
    while [ $# -gt 0 ]; do
        case $1 in
            --os | --arch)
                value_of "${@:1:2}"
                if [ "$1" = --os ]; then os=$2; else arch=$2; fi
                shift
                ;;
            -*) fail "wheels does not know '$1': ./setup.sh --help" 2 ;;
            *)
                [ -z "$folder" ] || fail "wheels takes one folder, and '$1' is a second: ./setup.sh --help" 2
                folder=$(absolute "$1")
                ;;
        esac
        shift
    done
    [ -n "$folder" ] || fail "wheels needs a folder: ./setup.sh wheels FOLDER" 2
    case $os in
        trixie) version=3.13 glibc=41 ;;
        bookworm) version=3.11 glibc=36 ;;
        *) fail "--os $os: expected trixie or bookworm" 2 ;;
    esac
    case $arch in aarch64 | x86_64) ;; *) fail "--arch $arch: expected aarch64 or x86_64" 2 ;; esac
    make_venv
    for ((minor = glibc; minor >= 17; minor--)); do platforms+=(--platform "manylinux_2_${minor}_$arch"); done
    platforms+=(--platform "manylinux2014_$arch")
    mkdir -p "$folder"
    begin "packages for $os on $arch into $folder (50 to 120 MB)"
    need_space "$folder" 300
    # numpy is apt's own on a unit. setuptools builds MaskGate there.
    { grep -v '^numpy==' "constraints/$os.txt"; echo 'setuptools>=77'; } >"$scratch/packages.txt"
    quietly .venv/bin/python -m pip download --disable-pip-version-check --retries 2 --no-deps --only-binary=:all: \
        --implementation cp --python-version "$version" ${platforms[@]+"${platforms[@]}"} --dest "$folder" --requirement "$scratch/packages.txt" ||
        fail "pip failed: see above"
    step=
    say "done: take this checkout and $folder to the unit, then: sudo ./setup.sh install --offline FOLDER"
    say "the unit also needs python3-venv, python3-numpy, and for a Pi camera and pins python3-picamera2 and python3-lgpio;"
    say "what it lacks is installed from .deb files in that folder: on a like unit with a network,"
    say "sudo apt-get install --download-only --no-install-recommends -o Dir::Cache::archives=/PATH/TO/FOLDER python3-venv python3-numpy python3-picamera2 python3-lgpio"
}

offline_card() {
    local python arguments=() paths=' --settings --ssh-key --wifi-password-file --offline '
    # The one of .venv has what checking settings takes.
    if [ -z "${PYTHON:-}" ] && suits .venv/bin/python; then python=.venv/bin/python; else find_python; fi
    while [ $# -gt 0 ]; do # paths are the caller's, from where they stand
        if [[ $paths == *" $1 "* && $# -ge 2 ]]; then
            arguments+=("$1" "$(absolute "$2")")
            shift
        elif [[ $1 == --*=* && $paths == *" ${1%%=*} "* ]]; then
            arguments+=("${1%%=*}=$(absolute "${1#*=}")")
        elif [[ $1 == --*=* || $1 == --dry-run ]]; then
            arguments+=("$1")
        elif [[ $1 == --* ]]; then # without a value card.py says so
            arguments+=("${@:1:2}")
            [ $# -lt 2 ] || shift
        else
            arguments+=("$(absolute "$1")")
        fi
        shift
    done
    "$python" setup/card.py ${arguments[@]+"${arguments[@]}"}
}
