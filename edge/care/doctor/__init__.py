# SPDX-License-Identifier: Apache-2.0
"""Doctor: finds what is wrong with a unit, and says in one line each what to do. One check a file.

    results = diagnose(Context(settings, config))

A check is a function `check(context) -> Result`. It learns of the machine only through the context, and never waits without a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edge.care.doctor import (
    camera,
    card,
    clock,
    conflicts,
    disk,
    files,
    gpio,
    groups,
    memory,
    models,
    opencv,
    overlay,
    packages,
    pins,
    power,
    sandbox,
    scene,
    service,
    settings,
    system,
    temperature,
)
from edge.care.doctor.context import Context
from edge.care.doctor.result import Level, Result, failure

Check = Callable[[Context], Result]

CHECKS: Sequence[Check] = tuple(module.check for module in (
    system, packages, opencv, files, settings, models, camera, scene, gpio, pins,
    disk, card, overlay, memory, temperature, power, clock, service, sandbox, groups, conflicts))
"""Every check, in the order in which one depends on another."""

__all__ = ["CHECKS", "Check", "Context", "Level", "Result", "diagnose"]


def diagnose(context: Context, checks: Sequence[Check] = CHECKS) -> Iterator[Result]:
    """One result a check, as each is done."""
    for check in checks:
        try:
            yield check(context)
        except Exception as error:  # noqa: BLE001  a broken machine breaks things nobody thought of; the rest is looked at all the same
            name = check.__module__.rpartition(".")[2]
            yield failure(name, f"the check itself failed: {type(error).__name__}: {error}", "report this with `maskgate doctor --bundle`")
