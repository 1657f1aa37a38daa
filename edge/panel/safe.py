# SPDX-License-Identifier: Apache-2.0
"""Every output to its safe level, without a panel: what systemd runs after any kind of death of the daemon.

A process killed with SIGKILL cannot turn anything off, and Raspberry Pi's kernel keeps the level of its pins
(raspberrypi/linux#6117). So this opens each pin off and gives it back, whatever the others say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.errors import PinError
from edge.panel.pins import OUTPUTS, bcm
from edge.panel.pins_file import Change, PinsFile
from edge.settings import PanelSettings


def drive_safe(settings: PanelSettings, *, held: PanelSettings | None = None, pins_file: Path | None = None) -> tuple[str, ...]:
    """Turn off every configured output: lamps dark, buzzer silent, relay let go. Returns their names.

    Args:
        held: what the dead program had been started with: pins that `settings` do not name, or name otherwise, are
            turned off as that says, and are told with their number.
        pins_file: a line `{"pin": …, "value": 0, "why": "safe"}` is added for each output driven.

    Raises:
        PinError: at least one could not be driven, each named; all others were.
        SettingsError: the pins file cannot be written.
    """
    from edge.panel.gpio import Output, lgpio_pins, mock_pins

    done: list[str] = []
    mistakes: list[PinError] = []
    factories: dict[str, Any] = {}
    try:
        for name, wanted, shown in _outputs(settings, held):
            try:
                number = bcm(getattr(wanted, f"{name}_pin"), f"{name}_pin")
                if number is None:
                    continue
                if wanted.kind not in factories:
                    factories[wanted.kind] = lgpio_pins() if wanted.kind == "gpio" else mock_pins()
                Output(name, number, wanted, factories[wanted.kind]).device.close()
                done.append(shown)
            except PinError as error:
                mistakes.append(error)
            except Exception as error:  # noqa: BLE001  whatever it is, the other outputs must still be driven
                mistakes.append(PinError(f"[panel] {name}_pin: cannot be driven ({error})."))
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


def _outputs(settings: PanelSettings, held: PanelSettings | None) -> list[tuple[str, PanelSettings, str]]:
    """Every output to be turned off: its name, the settings that say its pin and level, and what to call it.

    Where both name a pin for the same output, the settings are right: somebody mended its level. Where they name it for
    different ones, what is wired there is still what the program drove.
    """
    now = {name: _number(settings, name) for name in OUTPUTS} if settings.kind != "none" else {}
    before = {name: _number(held, name) for name in OUTPUTS} if held is not None and held.kind != "none" else {}
    if held is not None and held.kind != settings.kind:
        old = {name: number for name, number in before.items() if number is not None}
        taken: set[int] = set()
    else:
        old = {name: number for name, number in before.items() if number is not None and now.get(name) != number}
        taken = set(old.values())
    kept = [(name, settings, name) for name, number in now.items() if number is None or number not in taken]
    return kept + [(name, held, f"{name} (GPIO{number}, before)") for name, number in old.items() if held is not None]


def _number(settings: PanelSettings, name: str) -> int | None:
    try:
        return bcm(getattr(settings, f"{name}_pin"), f"{name}_pin")
    except PinError:
        return None         # told when it is to be driven
