# SPDX-License-Identifier: Apache-2.0
"""Credentials: a setting `"credential:NAME"` stands for the content of /etc/maskgate/secrets/NAME.

An address with a password then stays out of the settings file, out of `config show` and out of a support archive. The
service's user cannot read that folder: systemd does, and hands it over in memory (LoadCredential= in maskgate.service).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from edge.errors import SettingsError
from edge.reading import content_of, reading

PREFIX = "credential:"
SECRETS = Path("/etc/maskgate/secrets")


def revealed(value: str, environment: Mapping[str, str] = os.environ) -> str:
    """The secret that `value` names, without the newline at its end; any other value as it is.

    Raises:
        SettingsError: there is no such secret, or it may not be read.
        CardError: the card fails while it is read.
    """
    if not value.startswith(PREFIX):
        return value
    name = value.removeprefix(PREFIX)
    handed_over = environment.get("CREDENTIALS_DIRECTORY")
    path = Path(handed_over, f"secret_{name}") if handed_over else SECRETS / name
    try:
        if "/" in name:
            raise FileNotFoundError(2, "a name has no slash")
        with reading(value):
            return content_of(path).decode("utf-8-sig").rstrip("\r\n")  # Windows editors may begin with a byte order mark and end with CR LF
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{value}: there is no secret of that name, or it cannot be read ({error}).",
                            hint=f"Write it as root into {SECRETS / Path(name).name}, then `sudo systemctl restart maskgate`.") from error
