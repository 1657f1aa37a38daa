# SPDX-License-Identifier: Apache-2.0
"""A copy of setup.sh on a machine of our choosing: only the tools that a test names are on its PATH."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """A folder with setup.sh in it, and a PATH that a test may put stand-ins on."""

    folder: Path
    tools: Path

    def has(self, name: str, script: str) -> None:
        """Put a program on the PATH: the text of a POSIX shell script, without its first line."""
        program = self.tools / name
        program.unlink(missing_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def setup(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """./setup.sh with these arguments."""
        return subprocess.run(["./setup.sh", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=50, check=False,
                              env={**self.environment, **environment})

    @property
    def environment(self) -> dict[str, str]:
        # What a killed setup.sh leaves lies beside the checkout, and goes with it.
        return {"PATH": str(self.tools), "HOME": str(self.folder), "TMPDIR": str(self.folder.parent)}

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        """A bash script in the folder of setup.sh, with the machine's tools."""
        return subprocess.run(["bash", "-euc", script], cwd=self.folder, capture_output=True, text=True, timeout=50, check=False,
                              env=self.environment)
