# SPDX-License-Identifier: Apache-2.0
"""Every output to its safe level, without a panel: what systemd runs after any kind of death of the daemon.

A process killed with SIGKILL cannot turn anything off, and Raspberry Pi's kernel keeps the level of its pins
(raspberrypi/linux#6117). So this opens each pin off and gives it back, whatever the others say.
"""

from __future__ import annotations

from pathlib import Path

from edge.errors import PinError
from edge.panel.pins import OUTPUTS, bcm
from edge.panel.pins_file import Change, PinsFile
from edge.settings import PanelSettings


def drive_safe(settings: PanelSettings, *, held: PanelSettings | None = None, pins_file: Path | None = None) -> tuple[str, ...]:
    """Turn off every configured output: lamps dark, buzzer silent, relay let go. Returns their names.

    Args:
        held: what the dead program had been started with; its pins that `settings` give no output to are turned off as well.
        pins_file: where `kind` is not `none`, a line `{"pin": …, "value": 0, "why": "safe"}` is added for each.

    Raises:
        PinError: at least one could not be driven, each named; all others were.
        SettingsError: the pins file cannot be written.
    """
    if settings.kind == "none" and held is not None:
        settings = held
    if settings.kind == "none":
        return ()
    from edge.panel.gpio import Output, lgpio_pins, mock_pins

    done: list[str] = []
    mistakes: list[PinError] = []
    factory = lgpio_pins() if settings.kind == "gpio" else mock_pins()
    try:
        for name, wanted in _outputs(settings, held):
            try:
                number = bcm(getattr(wanted, f"{name}_pin"), f"{name}_pin")
                if number is not None:
                    Output(name, number, wanted, factory).device.close()
                    done.append(name)
            except PinError as error:
                mistakes.append(error)
            except Exception as error:  # noqa: BLE001  whatever it is, the other outputs must still be driven
                mistakes.append(PinError(f"[panel] {name}_pin: cannot be driven ({error})."))
    finally:
        factory.close()
    if pins_file is not None:
        record = PinsFile(pins_file)
        for name in done:
            record.write(Change(0.0, name, 0, "safe"))
        record.close()
    if mistakes:
        raise PinError("\n".join(str(error) for error in mistakes), hint=mistakes[0].hint)
    return tuple(done)


def _outputs(settings: PanelSettings, held: PanelSettings | None) -> list[tuple[str, PanelSettings]]:
    """Every output to be turned off, with the settings that say its pin and its level."""
    outputs = [(name, settings) for name in OUTPUTS]
    if held is not None and held.kind == settings.kind:
        taken = {_number(settings, name) for name in OUTPUTS}
        outputs += [(name, held) for name in OUTPUTS if _number(held, name) not in taken]
    return outputs


def _number(settings: PanelSettings, name: str) -> int | None:
    try:
        return bcm(getattr(settings, f"{name}_pin"), f"{name}_pin")
    except PinError:
        return None         # told when it is to be driven
