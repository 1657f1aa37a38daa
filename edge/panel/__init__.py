# SPDX-License-Identifier: Apache-2.0
"""Panel: lamps, buzzer, door relay and mute button.

    with open_panel(settings.panel) as panel:
        panel.show(decision, t)      # after each decided frame
        panel.tick(t)                # in between, so that blinking goes on while the camera is waited for

`patterns.py` is the table of what each state looks and sounds like, `signals.py` reckons what every output is to be at any moment, and
`gpio.py` alone drives pins (`pins.py` says which). `ticking.py` keeps lamps blinking while a frame is judged. `recording.py` is the twin
for tests, `pins_file.py` writes every change to a file.

`safe.py` turns everything off after the program has died, as far as broken settings can still be read (`salvage.py`), and also those pins
that the program held and the settings no longer name (`held.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from edge.door.state import Decision
from edge.errors import SettingsError
from edge.panel.pins import check_pins
from edge.panel.pins_file import Change, PinsFile
from edge.settings import PanelSettings


class Panel(Protocol):
    """Anything that shows a decision. Safe (all off, relay let go) before the first `show` and after `close`."""

    def show(self, decision: Decision, t: float) -> None:
        """Take over a decision at time `t` (seconds, same clock as `tick`; never blocks)."""
        ...

    def tick(self, t: float) -> None:
        """Bring every output to its level at time `t`."""
        ...

    def close(self) -> None:
        """Everything off, the relay let go. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def open_panel(settings: PanelSettings, *, pins_file: Path | None = None, on_change: Callable[[Change], None] | None = None) -> Panel:
    """The panel of `settings.kind`: `gpio` (real pins by lgpio), `mock` (gpiozero's mock pins) or `none`.

    Args:
        pins_file: every change of an output is appended to it as a JSON line, see `pins_file.py`.
        on_change: called with every change, in the thread that calls `show` and `tick`.

    Raises:
        PinError: a pin does not exist, is used twice, is taken or cannot be driven, or there is no GPIO here.
        SettingsError: the pins file cannot be written, or the panel is `none` and has nothing to write.
    """
    check_pins(settings)
    if settings.kind == "none":
        if pins_file is not None:
            raise SettingsError(f"Pins file {pins_file}: the panel is `none` and has no pins.", hint="Use `--panel mock`.")
        from edge.panel.none import NoPanel

        return NoPanel()
    from edge.panel.gpio import GpioPanel, lgpio_pins, mock_pins

    record = None if pins_file is None else PinsFile(pins_file)
    try:
        factory = lgpio_pins() if settings.kind == "gpio" else mock_pins()
    except BaseException:
        if record is not None:
            record.close()
        raise
    return GpioPanel(settings, factory, record, on_change)
