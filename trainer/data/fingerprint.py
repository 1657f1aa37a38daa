# SPDX-License-Identifier: Apache-2.0
"""Fingerprint: what files hold, in a few digits: whatever is prepared from pictures is made anew when one of them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm


def fingerprint(files: Iterable[Path], begin: str = "") -> str:
    """64 digits that stand for `begin` and the content of these files in this order; one that is missing counts as empty."""
    content = hashlib.sha256(begin.encode(errors="surrogateescape"))
    for file in tqdm(list(files), desc="looking for changed pictures", unit="file", mininterval=2, delay=2, leave=False):
        content.update(hashlib.blake2b(file.read_bytes() if file.is_file() else b"").digest())
    return content.hexdigest()
