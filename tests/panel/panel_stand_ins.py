# SPDX-License-Identifier: Apache-2.0
"""What panel tests share: decisions by the word, and an lgpio that needs no GPIO chip.

`FakeLgpio` takes the place of the module lgpio, so that gpiozero's real LGPIOFactory and our pins upon it run
anywhere. It keeps to lgpio 0.2.2.0 where the panel depends on it: lines belong to the handle that claimed them,
`GPIO busy` for another's line, software PWM that ends at once, and lines that keep their last level when the chip is
closed (as Raspberry Pi's kernel does).
"""

from __future__ import annotations

import types

from edge.door.state import Decision, DoorState


def decided(state: str, t: float = 0.0, *, reported: tuple[int, ...] = (), admits: bool = False) -> Decision:
    return Decision(t=t, state=DoorState(state), previous=DoorState.IDLE, people=(), reported=reported, admits=admits)


class FakeLgpio(types.ModuleType):
    """Module `lgpio` with one chip of 28 lines."""

    SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2

    class error(Exception):  # noqa: N801 - lgpio's own name
        pass

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.levels = dict.fromkeys(range(28), 0)
        self.modes: dict[int, str] = {}
        self.pulls: dict[int, int] = {}
        self.tones: dict[int, tuple[float, float]] = {}
        self.taken_by_others: set[int] = set()
        self.broken: set[int] = set()
        self.history: list[tuple[int, int]] = []
        self.chip = True
        self.owners: dict[int, int] = {}
        self.handles: set[int] = set()
        self._last_handle = 0

    def gpiochip_open(self, chip: int) -> int:
        if not self.chip:
            raise self.error("'can not open gpiochip'")
        self._last_handle += 1
        self.handles.add(self._last_handle)
        return self._last_handle

    def gpiochip_close(self, handle: int) -> None:
        self.handles.remove(handle)
        for gpio in [gpio for gpio, owner in self.owners.items() if owner == handle]:
            del self.owners[gpio], self.modes[gpio]

    @property
    def open_chips(self) -> int:
        return len(self.handles)

    def _claim(self, handle: int, gpio: int, mode: str, flags: int) -> None:
        if gpio in self.taken_by_others or self.owners.get(gpio, handle) != handle:
            raise self.error("'GPIO busy'")
        self.owners[gpio], self.modes[gpio], self.pulls[gpio] = handle, mode, flags

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> None:
        self._claim(handle, gpio, "input", flags)
        if flags == self.SET_PULL_UP:
            self.levels[gpio] = 1

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> None:
        self._claim(handle, gpio, "output", flags)
        self._set(gpio, level)

    def gpio_free(self, handle: int, gpio: int) -> None:
        del self.owners[gpio], self.modes[gpio]

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        return (2 if self.modes.get(gpio) == "output" else 0) | self.pulls.get(gpio, 0)

    def gpio_write(self, handle: int, gpio: int, level: int) -> None:
        if gpio in self.broken:
            raise self.error("'bad GPIO write'")
        self._set(gpio, int(level))

    def _set(self, gpio: int, level: int) -> None:
        self.levels[gpio] = level
        self.history.append((gpio, level))

    def gpio_read(self, handle: int, gpio: int) -> int:
        return self.levels[gpio]

    def tx_pwm(self, handle: int, gpio: int, frequency: float, duty: float) -> None:
        self.tones.pop(gpio, None)
        if frequency:
            self.tones[gpio] = (frequency, duty)
