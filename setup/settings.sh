# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The settings file: written once, checked against each release before that is used, and never changed again. What a new
# release adds or sees otherwise is reported.

first_settings() { # first_settings SOURCE PANEL
    begin "settings in $etc/maskgate.toml"
    run install -d -m 755 "$root$etc"
    if [ -n "$dry" ]; then
        run "$release/bin/maskgate" config default
        return
    fi
    inside "$release/bin/maskgate" config default >"$scratch/maskgate.toml"
    if [ -n "$1" ]; then set_text camera source "$1"; fi
    if [ -n "$2" ]; then set_text panel kind "$2"; fi
    # Not for everybody to read: a camera's address may hold a password.
    install -m 640 "$scratch/maskgate.toml" "$root$etc/maskgate.toml.new"
    if ! quietly inside "$release/bin/maskgate" config check "$etc/maskgate.toml.new"; then
        rm -f "$root$etc/maskgate.toml.new"
        fail "these settings are wrong: see above" 2
    fi
    inside chgrp maskgate "$etc/maskgate.toml.new"
    mv "$root$etc/maskgate.toml.new" "$root$etc/maskgate.toml"
}

settings() { # settings SOURCE PANEL: a settings file, unless there is one
    if [ ! -e "$root$etc/maskgate.toml" ]; then
        first_settings "$1" "$2"
        return
    fi
    begin "settings in $etc/maskgate.toml are kept"
    [ -z "$1$2" ] || say "--source and --panel are for a first installation: change that file, then systemctl restart maskgate"
    run quietly inside "$release/bin/maskgate" config check "$etc/maskgate.toml" ||
        fail "this release does not take these settings: see above; what was in use is in use still" 2
    # A card's first start, or an operator's copy, may have left it to root alone: the service could not read it.
    run inside chgrp maskgate "$etc/maskgate.toml"
    run inside chmod g+r "$etc/maskgate.toml"
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

report_defaults() { # report_defaults OLD-RELEASE: settings that are new, or whose default is another now
    local old=$1/share/maskgate/defaults.toml new=$release/share/maskgate/defaults.toml
    [ -z "$dry" ] && [ -n "$1" ] && [ "$1" != "$release" ] && [ -e "$root$old" ] || return 0
    inside "$release/bin/python" "$release/share/maskgate/setup/new_defaults.py" "$old" "$new" "$etc/maskgate.toml"
}

asked() { # asked SECTION KEY: what the settings in force say, without quotes; empty where they cannot be read
    [ -x "$root$release/bin/maskgate" ] || return 0
    inside "$release/bin/maskgate" config show --config "$etc/maskgate.toml" 2>/dev/null |
        SECTION="[$1]" KEY=$2 awk '/^\[/ { section = $0 } section == ENVIRON["SECTION"] && $1 == ENVIRON["KEY"] && $2 == "=" { sub(/^[^=]*= /, ""); gsub(/^"|"$/, ""); print }'
}
