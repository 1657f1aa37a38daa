# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# apt's part: Python, its numpy, and where the distribution has them Picamera2 and lgpio. What is there is left alone.

lock_s=300 # how long the system's own apt is waited for: at a card's first start it may be at work

installed() { # installed PACKAGE: by apt
    # shellcheck disable=SC2016
    [ "$(inside dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

without() { # without PACKAGE: what does not work then
    case $1 in
        python3-picamera2) echo "a Pi camera cannot be used, a webcam, an address or a clip can" ;;
        python3-lgpio)
            if [ "$codename" = bookworm ]; then echo "a wheel takes its place"
            else echo "real pins cannot be used (--panel mock or none)"; fi
            ;;
    esac
}

apt_update() { # for `quietly`. apt waits for dpkg's lock by itself, but not for that of its lists
    local log=$scratch/update waited=0
    until inside apt-get update >"$log" 2>&1; do
        cat "$log"
        if ! grep -qE 'Could not get lock|Unable to lock' "$log" || [ "$waited" -ge "$lock_s" ]; then return 1; fi
        [ "$waited" -gt 0 ] || say "another apt is at work here: waiting for it, $((lock_s / 60)) minutes at most" >&3
        sleep 5
        waited=$((waited + 5))
    done
}

apt_install() { # apt_install PACKAGE|FILE...
    say "apt-get install ${*##*/}"
    DEBIAN_FRONTEND=noninteractive quietly inside apt-get -o DPkg::Lock::Timeout="$lock_s" install --yes --no-install-recommends "$@" ||
        fail "apt-get install failed: see above"
}

offline_debs=/var/cache/maskgate-setup
from_folder() { # the .deb files of --offline, if any
    local place=$offline_debs
    [ -n "$(find "$wheels" -maxdepth 2 -name '*.deb' -print -quit)" ] || return 0
    leftovers+=("$root$place")
    rm -rf "$root$place" # of a run that was cut off: a file that was taken out of the folder since is not wanted
    mkdir -p "$root$place"
    find "$wheels" -maxdepth 2 -name '*.deb' -exec cp {} "$root$place/" \;
    say "apt-get install, from $wheels"
    # Without sources nothing else is looked for, and what is lacking is named. (--no-download takes no files at all.)
    # shellcheck disable=SC2016
    quietly inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout="$2" -o Dir::Etc::SourceList=/dev/null \
        -o Dir::Etc::SourceParts=/dev/null install --yes --no-install-recommends "$1"/*.deb' _ "$place" "$lock_s" ||
        fail "the .deb files in $wheels could not be installed: see above"
    rm -rf "$root$place"
}

system_packages() {
    local package missing=() optional=()
    begin "packages of the system"
    for package in python3 python3-venv python3-numpy; do installed "$package" || missing+=("$package"); done
    for package in python3-picamera2 python3-lgpio; do installed "$package" || optional+=("$package"); done
    if [ ${#missing[@]} -eq 0 ] && [ ${#optional[@]} -eq 0 ]; then return; fi
    if [ -n "$dry" ]; then
        if [ -n "$wheels" ]; then run apt-get install "$wheels/*.deb"; return; fi
        run apt-get update
        run apt-get install --no-install-recommends "${missing[@]}" "${optional[@]}"
        return
    fi
    if [ -n "$wheels" ]; then
        from_folder
        for package in "${optional[@]}"; do installed "$package" || say "$package is missing: $(without "$package")"; done
        for package in "${missing[@]}"; do
            installed "$package" || fail "$package is missing: sudo apt install $package once with a network, or put its .deb files into $wheels"
        done
        return
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        quietly apt_update || fail "apt-get update failed: see above"
    else
        (apt_update) 3>&1 >/dev/null 2>&1 || say "apt-get update failed: going on with what is known of the packages"
    fi
    for package in "${optional[@]}"; do
        if [ -n "$(inside apt-cache madison "$package" 2>/dev/null)" ]; then
            missing+=("$package")
        else
            say "$package is not in this distribution: $(without "$package")"
        fi
    done
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
}
