# SPDX-License-Identifier: Apache-2.0
"""Every output to its safe level, without a panel: what systemd runs after any kind of death of the daemon.

A process killed with SIGKILL cannot turn anything off, and Raspberry Pi's kernel keeps the level of its pins
(raspberrypi/linux#6117; `dtparam=strict_gpiod` changes that, see docs/faults.md). So this opens each pin at its off level and gives it
back; a pin that fails does not keep it from the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from edge.errors import PinError
from edge.panel.pins import OUTPUTS, bcm
from edge.panel.pins_file import Change, PinsFile
from edge.settings import PanelSettings


class _ToDrive(NamedTuple):
    """One output that is to be turned off."""

    name: str
    number: int
    """BCM number of its pin."""
    settings: PanelSettings
    """Which level is off, and of which kind the pin is."""
    shown: str
    """What the operator is told that it is."""


def drive_safe(settings: PanelSettings, *, held: PanelSettings | None = None, pins_file: Path | None = None) -> tuple[str, ...]:
    """Turn off every configured output: lamps dark, buzzer silent, relay let go. Returns their names.

    Args:
        held: the settings that the dead program had been started with. Outputs whose pin is another one in `settings`, or none, are
            turned off at the old pin too, and told with its number.
        pins_file: a line `{"pin": …, "value": 0, "why": "safe"}` is added for each output driven.

    Raises:
        PinError: at least one could not be driven, each named; all others were.
        SettingsError: the pins file cannot be written.
    """
    from edge.panel.gpio import Output, lgpio_pins, mock_pins

    wanted, mistakes = _to_drive(settings, held)
    done: list[str] = []
    factories: dict[str, Any] = {}
    try:
        for each in wanted:
            try:
                kind = each.settings.kind
                if kind not in factories:
                    factories[kind] = lgpio_pins() if kind == "gpio" else mock_pins()
                Output(each.name, each.number, each.settings, factories[kind]).device.close()
                done.append(each.shown)
            except PinError as error:
                mistakes.append(error)
            except Exception as error:  # noqa: BLE001  whatever it is, the other outputs must still be driven
                mistakes.append(PinError(f"[panel] {each.name}_pin: cannot be driven ({error})."))
    finally:
        for factory in factories.values():
            factory.close()
    if pins_file is not None and done:
        record = PinsFile(pins_file)
        for name in done:
            record.write(Change(0.0, name, 0, "safe"))
        record.close()
    if mistakes:
        # Without GPIO every output fails alike: once is enough.
        raise PinError("\n".join(dict.fromkeys(str(error) for error in mistakes)), hint=mistakes[0].hint)
    return tuple(done)


def _to_drive(settings: PanelSettings, held: PanelSettings | None) -> tuple[list[_ToDrive], list[PinError]]:
    """What is to be turned off, and the mistakes in pins of `settings`.

    A pin may stand in both. For the same output, `settings` say which level is off: somebody may have mended that. For two different
    outputs, `held` says it: what is wired to the pin is still what the program drove. Pins of two kinds (`gpio`, `mock`) are never the same.
    """
    now, mistakes = _numbers(settings)
    before, _ = _numbers(held) if held is not None else ({}, [])
    alike = held is not None and held.kind == settings.kind
    old = {name: number for name, number in before.items() if not (alike and now.get(name) == number)}
    taken = set(old.values()) if alike else set()
    wanted = [_ToDrive(name, number, settings, name) for name, number in now.items() if number not in taken]
    if held is not None:
        wanted += [_ToDrive(name, number, held, f"{name} (GPIO{number}, before)") for name, number in old.items()]
    return wanted, mistakes


def _numbers(settings: PanelSettings) -> tuple[dict[str, int], list[PinError]]:
    """The BCM numbers of the outputs that are wired, and the mistakes in the others."""
    numbers: dict[str, int] = {}
    mistakes: list[PinError] = []
    for name in OUTPUTS if settings.kind != "none" else ():
        try:
            number = bcm(getattr(settings, f"{name}_pin"), f"{name}_pin")
        except PinError as error:
            mistakes.append(error)
            continue
        if number is not None:
            numbers[name] = number
    return numbers, mistakes
