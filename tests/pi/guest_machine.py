# SPDX-License-Identifier: Apache-2.0
"""The guest that guest.sh makes, switched on: a whole machine in QEMU, emulated, so that no nested KVM is needed.

    with Guest(sources=Path("/a/checkout")) as guest:
        guest.run("systemctl", "start", "maskgate")

Commands go in through QEMU's guest agent, which Debian packages: no network, no dialogue on a console. What is written
to the disk stays for a restart of the guest, and is forgotten when it is switched off.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PLACE = Path(os.environ.get("MASKGATE_CACHE") or Path.home() / ".cache" / "maskgate") / "guest"
CPU = "max,avx=off,avx2=off,fma=off"
"""QEMU reckons fused multiply-adds one number at a time: with them the detector takes 1.4 s a look, without 0.16 s. Slower than a look every
1.25 s nobody is judged (`EVIDENCE_GAP_S`)."""
BOOT_S = 400.0
"""A start takes 20 to 40 s on two free cores; this is for a machine that has none to spare."""
COMMAND_S = 300.0


class GuestError(AssertionError):
    """The guest did not do what it was told."""


class Guest:
    """One machine, from `with` to its end."""

    def __init__(self, sources: Path, folder: Path, *, memory_mb: int = 2048, life_s: int = 5400) -> None:
        """`sources` is shown at /src, read-only; `folder` takes the sockets and the console."""
        self._agent = folder / "agent"
        self._console = folder / "console"
        command = ["timeout", "--foreground", str(life_s), "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", CPU,
                   "-smp", "2", "-m", str(memory_mb), "-nodefaults", "-nic", "none", "-display", "none", "-serial", f"file:{self._console}",
                   "-kernel", str(PLACE / "kernel"), "-initrd", str(PLACE / "initrd"),
                   "-append", "console=ttyS0 quiet panic=5 mitigations=off systemd.show_status=0",
                   "-drive", f"file={PLACE / 'disk'},if=none,id=disk,format=raw,snapshot=on,cache=unsafe", "-device", "virtio-blk-pci,drive=disk",
                   "-virtfs", f"local,path={sources},mount_tag=src,security_model=none,multidevs=remap,readonly=on",
                   "-device", "virtio-serial-pci", "-chardev", f"socket,path={self._agent},server=on,wait=off,id=agent",
                   "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0", "-device", "virtio-rng-pci"]
        self._command = command
        self._log = folder / "qemu.log"

    def __enter__(self) -> Self:
        self._agent.unlink(missing_ok=True)
        with self._log.open("w") as log:
            self._qemu = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                          env={**os.environ, "TMPDIR": str(PLACE)})
        try:
            self.wait_until_up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._qemu.terminate()  # nothing in it is kept, so nothing need be saved
        try:
            self._qemu.wait(10)
        except subprocess.TimeoutExpired:
            self._qemu.kill()
            self._qemu.wait()

    def wait_until_up(self) -> float:
        """Returns once the agent answers: the seconds it took."""
        started = time.monotonic()
        while True:
            try:
                self._ask("guest-ping", limit_s=3)
                self.run("systemctl", "start", "src.mount")
                return time.monotonic() - started
            except OSError:
                if self._qemu.poll() is not None or time.monotonic() - started > BOOT_S:
                    tail = self._console.read_text(errors="replace")[-3000:] if self._console.exists() else ""
                    raise GuestError(f"the guest is not up after {time.monotonic() - started:.0f} s\n{self._log.read_text()}{tail}") from None
                time.sleep(1)

    def _ask(self, what: str, limit_s: float = 30, **arguments: Any) -> Any:
        """One question to the agent. The connection is made anew: what an earlier, broken one left behind is skipped."""
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(limit_s)
            channel.connect(str(self._agent))
            mark = time.monotonic_ns() & 0x7FFFFFFF
            questions = [{"execute": "guest-sync", "arguments": {"id": mark}}, {"execute": what, "arguments": arguments}]
            channel.sendall(b"\n".join(json.dumps(question).encode() for question in questions) + b"\n")
            synchronised = False
            with channel.makefile("rb") as answers:
                for line in answers:
                    answer = json.loads(line)
                    if synchronised:
                        if "error" in answer:
                            raise GuestError(f"{what}: {answer['error']}")
                        return answer["return"]
                    synchronised = answer.get("return") == mark
            raise OSError("the agent hung up")

    def status(self, *command: str, stdin: str = "", limit_s: float = COMMAND_S) -> tuple[int, str]:
        """A command's exit status and output. It is ended after `limit_s`."""
        words = ["timeout", "--kill-after=5", f"{limit_s:g}", *command]
        pid = self._ask("guest-exec", **{"path": "/usr/bin/env", "arg": words, "capture-output": True,
                                         "input-data": base64.b64encode(stdin.encode()).decode(),
                                         "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]})["pid"]
        started = time.monotonic()
        while not (answer := self._ask("guest-exec-status", pid=pid))["exited"]:
            if time.monotonic() - started > limit_s + 30:
                raise GuestError(f"no end after {limit_s:g} s: {' '.join(command)}")
            time.sleep(0.2)
        said = b"".join(base64.b64decode(answer.get(part, "")) for part in ("out-data", "err-data"))
        return answer.get("exitcode", -1), said.decode(errors="replace")

    def run(self, *command: str, stdin: str = "", limit_s: float = COMMAND_S) -> str:
        """A command's output; a failure of it fails the test."""
        code, said = self.status(*command, stdin=stdin, limit_s=limit_s)
        if code != 0:
            raise GuestError(f"{' '.join(command)}: {code}\n{said}")
        return said

    def shell(self, script: str, limit_s: float = COMMAND_S) -> str:
        return self.run("bash", "-euc", script, limit_s=limit_s)

    def write(self, path: str, text: str) -> None:
        self.run("install", "-D", "-m", "644", "/dev/stdin", path, stdin=text)

    def restart(self) -> float:
        """Switch it off and on as an owner would; returns the seconds until its agent answers again."""
        began = self.run("cat", "/proc/sys/kernel/random/boot_id")
        started = time.monotonic()
        self._ask("guest-exec", path="/usr/bin/systemctl", arg=["reboot"])
        while time.monotonic() - started < BOOT_S:
            time.sleep(2)
            try:
                if self.run("cat", "/proc/sys/kernel/random/boot_id", limit_s=5) != began:
                    self.run("systemctl", "start", "src.mount")
                    return time.monotonic() - started
            except (OSError, GuestError):
                pass
        raise GuestError("the guest did not come back from its restart")
