# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The verbs for the unit: install and uninstall.
#
#   /opt/maskgate/releases/VERSION-CONTENT   one release with its own virtual environment
#   /opt/maskgate/current                    the release in use (a link, switched in one step)
#   /usr/local/bin/maskgate                  the command, for the operator
#   /etc/maskgate/maskgate.toml              settings; written once, never overwritten
#   /etc/systemd/system/maskgate.service     the service; /etc/sysusers.d/maskgate.conf its user
#   /var/lib/maskgate                        what the service may keep

opt=/opt/maskgate
etc=/etc/maskgate
var=/var/lib/maskgate
service=/etc/systemd/system/maskgate.service
sysusers=/etc/sysusers.d/maskgate.conf
command=/usr/local/bin/maskgate
dry=

run() { # run COMMAND...: do it, or in a dry run say it
    if [ -z "$dry" ]; then
        "$@"
    else
        [ "$1" != quietly ] || shift
        printf '    would run: %s\n' "$*"
    fi
}

refuse() { # refuse MESSAGE: stop, or in a dry run say that it would
    if [ -n "$dry" ]; then printf '    would stop here: %s\n' "$1"; else fail "$1"; fi
}

goodbye() { # goodbye MESSAGE
    step=
    if [ -n "$dry" ]; then say "nothing was changed"; else say "$1"; fi
}

unit_preflight() {
    local codename='' name=''
    [ -n "$dry" ] || [ "$(id -u)" -eq 0 ] || fail "this needs root: sudo ./setup.sh install"
    if [ -r /etc/os-release ]; then
        # shellcheck source=/dev/null
        codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
        # shellcheck source=/dev/null
        name=$(. /etc/os-release && printf '%s' "${PRETTY_NAME:-}")
    fi
    case $codename in
        bookworm | trixie) constraints=constraints/$codename.txt ;;
        *)
            refuse "${name:-this system} is not supported: use Raspberry Pi OS Lite (64-bit), Trixie or Bookworm"
            constraints=constraints/trixie.txt
            ;;
    esac
    case $(dpkg --print-architecture 2>/dev/null) in
        arm64 | amd64) ;;
        *) refuse "this is no 64-bit system: the model runtime exists for 64 bit only; flash Raspberry Pi OS Lite (64-bit)" ;;
    esac
    [ -d /run/systemd/system ] || refuse "systemd does not run here: the unit is a systemd service"
}

installed() { # installed PACKAGE: by apt
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

unit_packages() {
    local package missing=() optional=()
    begin "packages of the system"
    for package in python3 python3-venv python3-numpy; do installed "$package" || missing+=("$package"); done
    for package in python3-picamera2 python3-lgpio; do installed "$package" || optional+=("$package"); done
    if [ ${#missing[@]} -eq 0 ] && [ ${#optional[@]} -eq 0 ]; then return; fi
    if [ -n "$dry" ]; then
        run apt-get update
        run apt-get install --no-install-recommends "${missing[@]}" "${optional[@]}"
        return
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        quietly apt-get update || fail "apt-get update failed: see above"
    else
        apt-get update >/dev/null 2>&1 || say "apt-get update failed: going on with what is known of the packages"
    fi
    for package in "${optional[@]}"; do
        if [ -n "$(apt-cache madison "$package" 2>/dev/null)" ]; then
            missing+=("$package")
        else
            say "$package is not in this distribution: $(without "$package")"
        fi
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "apt-get install ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive quietly apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${missing[@]}" ||
        fail "apt-get install failed: see above"
}

without() { # without PACKAGE: what does not work then
    case $1 in
        python3-picamera2) echo "a Pi camera cannot be used, a webcam, an address or a clip can" ;;
        python3-lgpio) echo "on Bookworm a wheel takes its place, on Trixie real pins cannot be used (panel kind mock or none)" ;;
    esac
}

sources() { # what a release is made of
    find edge trainer convert pyproject.toml README.md LICENSE "$constraints" -type f ! -path '*/__pycache__/*'
}

release_name() { # VERSION-CONTENT: the same sources make the same release
    local version content
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
    content=$(sources | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done | sha256sum | cut -c1-8)
    printf '%s-%s' "$version" "$content"
}

unit_release() {
    if [ -e "$release/complete" ]; then
        say "release ${release##*/} is there"
        return
    fi
    begin "release ${release##*/}: virtual environment and packages (250 MB, some minutes)"
    [ -n "$dry" ] || need_space /opt 800
    run rm -rf "$release"
    run quietly /usr/bin/python3 -m venv --system-site-packages "$release"
    if [ -n "$dry" ]; then
        run "$release/bin/pip" install --no-deps --requirement "$constraints"
        run "$release/bin/pip" install --no-deps .
        return
    fi
    # apt's numpy is the one that counts: name the version that it has.
    local numpy
    numpy=$(/usr/bin/python3 -c 'import numpy; print(numpy.__version__)')
    sed "s/^numpy==.*/numpy==$numpy/" "$constraints" >"$scratch/packages.txt"
    quietly "$release/bin/pip" install --disable-pip-version-check --retries 2 --no-deps --requirement "$scratch/packages.txt" ||
        fail "pip failed: see above"
    # Built in a copy, so that a checkout of somebody else's is left as it is.
    mkdir "$scratch/source"
    sources | tar -cf - --files-from=- | tar -xf - -C "$scratch/source"
    quietly "$release/bin/pip" install --disable-pip-version-check --retries 2 --no-deps "$scratch/source" || fail "pip failed: see above"
    begin "trying the model"
    quietly "$release/bin/maskgate" model show || fail "the installed release does not run here: see above"
    touch "$release/complete"
}

unit_settings() { # unit_settings SOURCE PANEL: a settings file, unless there is one
    if [ -e "$etc/maskgate.toml" ]; then
        begin "settings in $etc/maskgate.toml are kept"
        [ -z "$1$2" ] || say "--source and --panel are for a first installation: change that file, then systemctl restart maskgate"
        run quietly "$release/bin/maskgate" config check "$etc/maskgate.toml" || fail "this release does not take these settings: see above" 2
        return
    fi
    begin "settings in $etc/maskgate.toml"
    run install -d -m 755 "$etc"
    if [ -n "$dry" ]; then
        run "$release/bin/maskgate" config default
        return
    fi
    "$release/bin/maskgate" config default >"$scratch/maskgate.toml"
    if [ -n "$1" ]; then set_text camera source "$1"; fi
    if [ -n "$2" ]; then set_text panel kind "$2"; fi
    quietly "$release/bin/maskgate" config check "$scratch/maskgate.toml" || fail "these settings are wrong: see above" 2
    # Not for everybody to read: a camera's address may hold a password.
    install -m 640 -g maskgate "$scratch/maskgate.toml" "$etc/maskgate.toml"
}

set_text() { # set_text SECTION KEY VALUE: in the new settings file
    SECTION="[$1]" KEY=$2 VALUE=$3 awk '
        /^\[/ { section = $0 }
        section == ENVIRON["SECTION"] && index($0, ENVIRON["KEY"] " = ") == 1 {
            value = ENVIRON["VALUE"]; gsub(/["\\]/, "\\\\&", value); print ENVIRON["KEY"] " = \"" value "\""; next
        }
        { print }' "$scratch/maskgate.toml" >"$scratch/changed.toml"
    mv "$scratch/changed.toml" "$scratch/maskgate.toml"
}

unit_user() {
    begin "system user maskgate in the groups video, gpio and render"
    run install -D -m 644 systemd/maskgate.sysusers "$sysusers"
    run quietly systemd-sysusers "$sysusers"
}

unit_switch() {
    local before
    before=$(readlink "$opt/current" || true)
    begin "release ${release##*/} into use"
    run ln -sfn "$release" "$opt/current.new"
    run mv -T "$opt/current.new" "$opt/current"
    run ln -sfn "$opt/current/bin/maskgate" "$command"
    # The release before stays, to go back to; older ones go.
    if [ -z "$dry" ] && [ "$before" != "$release" ]; then
        find "$opt/releases" -mindepth 1 -maxdepth 1 ! -path "$release" ! -path "$before" -exec rm -rf {} +
    fi
}

unit_service() {
    begin "maskgate.service: starting, until the first frame is decided"
    run install -m 644 systemd/maskgate.service "$service"
    run systemctl daemon-reload
    run systemctl enable --quiet maskgate.service
    if ! run systemctl restart maskgate.service; then
        step=
        journalctl --unit maskgate.service --no-pager --output cat --lines 8 >&2 || true
        fail "MaskGate is installed, but its service does not start: see above; change $etc/maskgate.toml, then: systemctl restart maskgate"
    fi
}

unit_install() {
    local source='' panel='' release constraints
    while [ $# -gt 0 ]; do
        case $1 in
            --dry-run) dry=yes ;;
            --source | --panel)
                [ $# -ge 2 ] || fail "$1 needs a value: ./setup.sh --help" 2
                if [ "$1" = --source ]; then source=$2; else panel=$2; fi
                shift
                ;;
            *) fail "install does not know '$1': ./setup.sh --help" 2 ;;
        esac
        shift
    done
    umask 022 # the service's user reads what is installed
    say "looking at this system"
    unit_preflight
    release=$opt/releases/$(release_name)
    unit_packages
    unit_user
    unit_release
    unit_settings "$source" "$panel"
    unit_switch
    unit_service
    goodbye "done: systemctl status maskgate; journalctl -fu maskgate; settings in $etc/maskgate.toml"
}

unit_uninstall() {
    local purge=''
    while [ $# -gt 0 ]; do
        case $1 in
            --dry-run) dry=yes ;;
            --purge) purge=yes ;;
            *) fail "uninstall does not know '$1': ./setup.sh --help" 2 ;;
        esac
        shift
    done
    [ -n "$dry" ] || [ "$(id -u)" -eq 0 ] || fail "this needs root: sudo ./setup.sh uninstall"
    begin "stopping and removing maskgate.service"
    if [ -e "$service" ] || [ -n "$dry" ]; then run systemctl disable --quiet --now maskgate.service; fi
    run rm -f "$service" "$command"
    run systemctl daemon-reload
    begin "removing $opt"
    run rm -rf "$opt"
    if [ -n "$purge" ]; then
        begin "removing settings, what was kept, and the system user"
        run rm -rf "$etc" "$var" "$service.d" "$sysusers"
        if id maskgate >/dev/null 2>&1 || [ -n "$dry" ]; then run userdel maskgate; fi
    elif [ -e "$etc" ]; then
        say "settings stay in $etc (--purge removes them)"
    fi
    goodbye "done; the system's packages and groups stay"
}
