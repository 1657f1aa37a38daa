# SPDX-License-Identifier: Apache-2.0
"""Takes secrets out of whatever leaves the unit for somebody else's eyes.

Rather too much than too little: what looks like a secret is taken out, and a secret that is known is taken out
wherever else it turns up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

GONE = "(redacted)"
_IN_ADDRESS = re.compile(
    # A word is looked into once, from its first :// on: where no @ follows that, none follows another. Tried from each, twenty thousand of them took 20 s.
    r"((?<![^\s\"'])(?>[^\s\"']*?://))([^\s\"']+)@")
_NAMED = re.compile(
    # A key is looked into once and taken whole: tried from each of its letters on, one of 40,000 letters took a minute and a half.
    r"([\"']?(?:(?<![\w-])(?=[\w-]*(?:passw(?:or)?d|passphrase|psk|token|secret|credential|api_?key|private_?key|authorization))[\w-]++"
    r"|\b(?:pass|pwd|auth|key|sig))"
    r"[\"']?\s*[=:]\s*)"
    r"(?:(?:bearer|basic)\s+)?(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&}\]]*[^\s,;&}\]\"'])", re.IGNORECASE)
_LONG_TEXT = re.compile(r"\"\"\"[\s\S]*?(?:\"\"\"|\Z)|'''[\s\S]*?(?:'''|\Z)")
"""TOML's text over several lines: no setting needs one, and a line of it would escape the rules above."""
SHORTEST = 4
"""A password of three letters is also a word of half the log."""


def secrets_in(text: str) -> set[str]:
    """Every secret in a text: passwords in addresses, and values of keys that sound like one."""
    found: set[str] = set()
    for match in _IN_ADDRESS.finditer(text):
        _, colon, password = match[2].partition(":")
        found |= {password, unquote(password)} if colon else {match[2]}
    found |= {match[2].strip("\"'") for match in _NAMED.finditer(text)}
    return {secret for secret in found if secret}


def redact(text: str, known: Iterable[str] = ()) -> str:
    """The text without its secrets, and without those that are known from elsewhere."""
    known = {*known, *secrets_in(text)}
    text = _LONG_TEXT.sub(f'"{GONE}"', text)
    text = _IN_ADDRESS.sub(rf"\1{GONE}@", text)
    text = _NAMED.sub(lambda match: match[1] + (f'"{GONE}"' if match[2][0] in "\"'" else GONE), text)
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= SHORTEST and secret not in GONE:
            text = text.replace(secret, GONE)
    return text
