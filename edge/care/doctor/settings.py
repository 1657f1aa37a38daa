# SPDX-License-Identifier: Apache-2.0
"""Is the settings file right, does it do what it says, and is a password in it kept from other users."""

from __future__ import annotations

import stat

from edge.care.doctor.context import Context
from edge.care.doctor.redact import secrets_in
from edge.care.doctor.result import Result, failure, together, warning
from edge.errors import CardError
from edge.settings_file import doubtful

NAME = "settings"


def check(context: Context) -> Result:
    if context.settings_error is not None:
        said = str(context.settings_error).splitlines()
        more = f" (and {len(said) - 1} more mistakes)" if len(said) > 1 else ""
        found = f"{said[0].rstrip('.')}{more}; what follows is looked at with the defaults"
        if isinstance(context.settings_error.__cause__, PermissionError):
            return failure(NAME, found, "`sudo maskgate doctor`: the file may hold a password, and is not for everybody")
        if isinstance(context.settings_error, CardError):
            return failure(NAME, found, CardError.hint.rstrip("."))
        return failure(NAME, found, f"mend it; `maskgate config check {context.config or ''}` names every mistake")
    results = [warning(NAME, found, remedy) for found, remedy in doubtful(context.settings)]
    if context.config is None:
        return together(NAME, results, "no file: the defaults hold")
    try:
        open_to_all = context.config.stat().st_mode & stat.S_IROTH
        text = context.config.read_text(encoding="utf-8")
    except OSError as error:
        return failure(NAME, f"{context.config}: cannot be read ({error.strerror})", "`sudo maskgate doctor`")
    if open_to_all and secrets_in(text):
        results.append(warning(NAME, f"{context.config} holds a password and can be read by everybody",
                               f"`sudo chgrp maskgate {context.config} && sudo chmod 640 {context.config}`"))
    return together(NAME, results, f"{context.config} is right")
