# SPDX-License-Identifier: Apache-2.0
"""A unit made up of a folder: setup.sh's own way from release to release, with a stand-in for systemd and for the building."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from setup_machine import Machine

PLACES = """
. setup/common.sh; . setup/unit.sh
base={base}; opt=$base/opt; etc=$base/etc; command=$base/maskgate; service=$base/units/maskgate.service
var=$base/var; lock=$base/lock; seen=$base/seen; sysusers=$base/sysusers; tmpfiles=$base/tmpfiles; rules=$base/rules; drop_ins=$service.d; backoff=$drop_ins/10-backoff.conf
watchdog=$base/system.conf.d/50-maskgate-watchdog.conf; offline_debs=$base/debs
preflight() {{ say preflight; }}; system_packages() {{ :; }}
make_release() {{ # a stand-in: what a release has, without Python
    if [ -e "$release/complete" ]; then say "release ${{release##*/}} is there"; return; fi
    mkdir -p "$release/bin" "$release/share/maskgate"
    cp -R systemd "$release/share/maskgate/"
    sed -i "s/^Description=.*/Description=${{release##*/}}/" "$release/share/maskgate/systemd/maskgate.service"
    printf '#!/bin/sh\\n[ "$1 $2" != "config check" ] || exit {check}\\n' >"$release/bin/maskgate"
    chmod +x "$release/bin/maskgate"
    {building}
    touch "$release/complete"
}}
release_name() {{ echo '{name}'; }}
"""


class Unit:
    """A unit whose systemd starts every release but those that are broken."""

    def __init__(self, machine: Machine, base: Path) -> None:
        self.machine, self.base = machine, base
        (base / "etc").mkdir(parents=True)
        (base / "etc/maskgate.toml").write_text("[camera]\n")
        machine.has("id", "echo 0")
        for tool in ("chmod", "chown", "sync"):
            machine.has(tool, f'exec /bin/{tool} "$@"')
        for tool in ("systemd-sysusers", "systemd-tmpfiles", "chgrp"):
            machine.has(tool, "exit 0")
        machine.has("journalctl", "echo the reason")
        machine.has("systemctl", f"""
            case "$*" in
                --version) echo systemd 257 ;;
                "restart maskgate.service")
                    echo "$(readlink {base}/opt/current) $(grep Description= {base}/units/maskgate.service)" >>{base}/starts
                    case "$(readlink {base}/opt/current)" in *broken*) exit 1 ;; *slow*) sleep 30 ;; esac ;;
                "stop "* | start* | daemon-reexec) echo "$1" >>{base}/orders ;;
                is-active*) [ -e {base}/starts ] && echo active ;;
            esac""")

    def shell(self, name: str, verb: str, *, building: str = ":", check: int = 0) -> subprocess.CompletedProcess[str]:
        """`verb` with sources that make the release `name`."""
        return self.machine.shell(self._script(name, verb, building, check))

    def on_a_terminal(self, name: str, verb: str, *, building: str = ":") -> tuple[subprocess.Popen[bytes], int]:
        """The same, where the seconds tick: the process, in a group of its own, and the terminal's other end."""
        ours, its = os.openpty()
        process = subprocess.Popen(["bash", "-euc", self._script(name, verb, building)], cwd=self.machine.folder, process_group=0,
                                   stdin=its, stdout=its, stderr=its, env=self.machine.environment)
        os.close(its)
        return process, ours

    def begin(self, name: str, verb: str) -> subprocess.Popen[str]:
        """The same, in a session of its own; returns as soon as the service is told to start."""
        process = subprocess.Popen(["bash", "-euc", self._script(name, verb)], cwd=self.machine.folder, text=True, start_new_session=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.machine.environment)
        until = time.monotonic() + 20
        while name not in self.starts():
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.05)
        return process

    def _script(self, name: str, verb: str, building: str = ":", check: int = 0) -> str:
        return PLACES.format(base=self.base, name=name, building=building, check=check) + verb

    def starts(self) -> str:
        file = self.base / "starts"
        return file.read_text() if file.exists() else ""

    def link(self, name: str) -> str:
        path = self.base / "opt" / name
        return path.readlink().name if path.is_symlink() else ""

    def started(self) -> list[str]:
        """Releases that systemd was told to start, each with the unit file that belonged to it."""
        lines = [line.split() for line in self.starts().splitlines()]
        assert all(Path(release).name == unit.partition("=")[2] for release, unit in lines), lines
        return [Path(release).name for release, _ in lines]
