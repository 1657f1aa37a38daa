# SPDX-License-Identifier: Apache-2.0
"""Are MaskGate's own files still what was installed: a worn card changes or loses them without a word."""

from __future__ import annotations

import base64
import hashlib
from importlib import metadata

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok

NAME = "files"


def check(context: Context) -> Result:
    """Holds every file against the hash that pip wrote down when it was installed (PEP 376's RECORD)."""
    try:
        files = metadata.distribution("maskgate").files or []
    except metadata.PackageNotFoundError:
        return ok(NAME, "not installed by pip: nothing to compare with")
    changed, count = [], 0
    for file in files:
        if file.hash is None or file.parts[0] != "edge":
            continue
        count += 1
        try:
            # Through the root of the context, which is `/` but in tests.
            data = context.at(str(file.locate())).read_bytes()
        except OSError:
            changed.append(f"{file} is missing")
            continue
        if base64.urlsafe_b64encode(hashlib.new(file.hash.mode, data).digest()).decode().rstrip("=") != file.hash.value:
            changed.append(f"{file} has changed")
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        return failure(NAME, ", ".join(changed[:3]) + more, "`sudo ./setup.sh install` lays them down again; if it happens twice, replace the SD card")
    return ok(NAME, f"{count} files are as they were installed" if count else "a checkout in development: nothing to compare with")
