# SPDX-License-Identifier: Apache-2.0
"""A Raspberry Pi 3B in QEMU, and the registers of its pins, read from outside: past kernel, driver and library.

QEMU models no pull resistors: a pin that is an input shows the level that was last driven, so there its function says
more than its level.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PLACE = Path(os.environ.get("MASKGATE_CACHE") or Path.home() / ".cache" / "maskgate") / "board"
GPFSEL0, GPLEV0 = 0x3F20_0000, 0x3F20_0034
"""BCM2835 ARM Peripherals, chapter 6: three bits of function a pin, ten pins a word; one bit of level a pin."""
INPUT, OUTPUT = 0, 1


class Board:
    """The board from `with` to its end; what it says on its serial line, and its registers."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the initrd that board.sh made, and takes the sockets."""
        self._serial_at, self._monitor_at, self._log = folder / "serial", folder / "monitor", folder / "qemu.log"
        self._command = ["qemu-system-aarch64", "-M", "raspi3b", "-accel", "tcg,thread=multi", "-display", "none", "-no-reboot",
                         "-kernel", str(PLACE / "kernel"), "-dtb", str(PLACE / "bcm2837-rpi-3-b.dtb"), "-initrd", str(folder / "initrd"),
                         "-append", "console=ttyS1,115200 rdinit=/init quiet panic=-1 8250.nr_uarts=2",
                         "-serial", "null", "-serial", f"unix:{self._serial_at},server=on,wait=off",
                         "-qmp", f"unix:{self._monitor_at},server=on,wait=off"]

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self._qemu = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        with ExitStack() as stack:
            stack.callback(self._end)
            self._serial = stack.enter_context(self._connect(self._serial_at))
            self._monitor = stack.enter_context(stack.enter_context(self._connect(self._monitor_at)).makefile("rw"))
            self._monitor.readline()  # its greeting
            self._ask("qmp_capabilities")
            self._open = stack.pop_all()
        self.said = ""
        return self

    def _end(self) -> None:
        self._qemu.kill()
        self._qemu.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def _connect(self, path: Path) -> socket.socket:
        for _ in range(300):
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(path))
            except OSError:
                line.close()
                time.sleep(0.1)
            else:
                return line
        raise AssertionError(f"QEMU did not start\n{self._log.read_text()}")

    def _ask(self, what: str, **arguments: Any) -> Any:
        self._monitor.write(json.dumps({"execute": what, "arguments": arguments}) + "\n")
        self._monitor.flush()
        while "return" not in (answer := json.loads(self._monitor.readline())):
            assert "error" not in answer, answer
        return answer["return"]

    def wait_for(self, words: str, limit_s: float) -> None:
        """Until the board has said this. The go for the step before is repeated: the emulated line drops characters."""
        started, asked = time.monotonic(), time.monotonic()
        self._serial.settimeout(1.0)
        while words not in self.said:
            assert "END" not in self.said, self.said
            assert time.monotonic() - started < limit_s, f"no {words!r} in {limit_s:g} s:\n{self.said}"
            try:
                self.said += self._serial.recv(4096).decode(errors="replace").replace("\r", "")
            except TimeoutError:
                if time.monotonic() - asked > 10 and "STEP" in self.said:
                    asked = time.monotonic()
                    self.go()

    def go(self) -> None:
        """Let the board go on from the step that it has announced last."""
        self._serial.sendall(b"\n" + re.findall(r"STEP (.*)\n", self.said)[-1].encode() + b"\n")

    def _word(self, address: int) -> int:
        said = self._ask("human-monitor-command", **{"command-line": f"xp /1wx {address:#x}"})
        found = re.search(r": (0x[0-9a-f]+)", said)
        assert found, said
        return int(found[1], 16)

    def level(self, pin: int) -> int:
        return self._word(GPLEV0 + 4 * (pin // 32)) >> pin % 32 & 1

    def function(self, pin: int) -> int:
        return self._word(GPFSEL0 + 4 * (pin // 10)) >> 3 * (pin % 10) & 7
