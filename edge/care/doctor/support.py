# SPDX-License-Identifier: Apache-2.0
"""The support archive: what somebody far away needs to help, without secrets and without pictures.

    doctor.json      every result
    settings.toml    the settings file as it is, mistakes and all
    versions.json    of MaskGate, Python, the packages, the system and the board
    log.txt          the last lines of the service's log, where journalctl is
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from edge import __version__
from edge.care.doctor.context import UNIT, Context
from edge.care.doctor.redact import redact, secrets_in
from edge.care.doctor.result import Result
from edge.errors import SettingsError
from edge.settings_file import beginning_of
from edge.whole import whole

LINES = 300


def in_json(results: Iterable[Result]) -> list[dict[str, str]]:
    """The results as `maskgate doctor --json` prints them: name, level, found, remedy."""
    return [asdict(result) for result in results]


def write_bundle(path: Path, context: Context, results: Sequence[Result]) -> None:
    """Write the archive as .tar.gz that only its owner may read, whole or not at all.

    Raises:
        SettingsError: it cannot be written.
    """
    settings = _read(context.config)
    secrets = secrets_in(settings)
    # Value by value, so that what is taken out never takes a quotation mark of the JSON with it.
    told = [{key: redact(value, secrets) for key, value in result.items()} for result in in_json(results)]
    texts = {"doctor.json": json.dumps(told, indent=2, ensure_ascii=False), "settings.toml": redact(settings, secrets),
             "versions.json": json.dumps(_versions(context, secrets), indent=2), "log.txt": redact(_log(context), secrets)}
    archive = _packed(texts, int(context.now()))
    try:
        with whole(path) as part:
            # Made anew: what lies there may be open to others, and its rights would stay.
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(archive)
    except OSError as error:
        raise SettingsError(f"--bundle {path}: cannot be written ({error.strerror}).", hint="Name a file in a folder that you may write to.") from error


def _packed(texts: Mapping[str, str], t: int) -> bytes:
    """Name → text as .tar.gz, made at `t` (whole seconds since 1970). Some hundred lines: it is whole before the disk is asked for room."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in texts.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"maskgate-support/{name}")
            entry.size, entry.mode, entry.mtime = len(data), 0o600, t
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def _read(config: Path | None) -> str:
    if config is None:
        return "# no settings file: the defaults hold\n"
    try:
        return beginning_of(config).decode("utf-8", errors="replace")
    except OSError as error:
        return f"# {config}: cannot be read ({error.strerror})\n"


def _log(context: Context) -> str:
    ran = context.run(["journalctl", "--unit", UNIT, "--lines", str(LINES), "--no-pager", "--output", "short-iso", "--no-hostname"])
    return ran.out if ran.code == 0 else f"no log: journalctl gave {ran.code}\n"


def _versions(context: Context, secrets: set[str]) -> dict[str, object]:
    return {
        "maskgate": __version__, "python": ".".join(map(str, context.machine.python)),
        "architecture": context.machine.architecture, "bits": context.machine.bits, "board": context.model,
        "system": context.text("/etc/os-release"), "kernel": context.text("/proc/version"),
        "packages": {name: found.version or redact(found.error, secrets) for name, found in context.imports.items()},
    }
