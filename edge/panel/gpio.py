# SPDX-License-Identifier: Apache-2.0
"""Real pins, and gpiozero's mock pins driven by the very same code. Only this file and the doctor's button test import gpiozero.

Every device gets its pin factory handed to it: `Device.pin_factory` is never set and never guessed, because a guess
that falls back to another driver is a unit that starts and does not work. Nothing here starts a thread of gpiozero's:
blinking is arithmetic in `signals.py`, the button is read in `tick`.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gpiozero import GPIOPinInUse, GPIOZeroError, InputDevice, OutputDevice
from gpiozero.exc import PinUnknownPi
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.door.state import Decision
from edge.errors import NO_GPIO, GpioMissing, PinError
from edge.panel.pins import OUTPUTS, check_pins, describe
from edge.panel.pins_file import Change, PinsFile, Why
from edge.panel.signals import SAFE, Outputs, Signals
from edge.settings import PanelSettings

log = logging.getLogger("maskgate.panel")


class GpioPanel:
    """A panel on the pins of one gpiozero factory.

    Every change is told to `pins_file` and `on_change`, where there are any, in the order in which pins were written.
    """

    def __init__(self, settings: PanelSettings, factory: Any, pins_file: PinsFile | None = None,
                 on_change: Callable[[Change], None] | None = None) -> None:
        """Opens every wired pin, each output at its safe level. The panel owns `factory` and `pins_file` from here on.

        Raises:
            PinError: a pin cannot be had; those already open are off and given back.
        """
        self.factory = factory
        self._signals = Signals(settings)
        self._pins_file, self._on_change = pins_file, on_change
        self._outputs: dict[str, Output] = {}
        self._button: Any = None
        self._button_number = 0
        self._t = 0.0
        self._closed = False
        try:
            self._open(settings, check_pins(settings))
        except BaseException:
            self.close()
            raise

    def _open(self, settings: PanelSettings, wired: dict[str, int]) -> None:
        for name in OUTPUTS:
            if name in wired:
                self._outputs[name] = Output(name, wired[name], settings, self.factory)
                self._tell(name, 0, "open")
        if "button" in wired:
            self._button_number = wired["button"]
            with pin_errors("button", self._button_number):
                self._button = InputDevice(self._button_number, pull_up=True, pin_factory=self.factory)

    def show(self, decision: Decision, t: float) -> None:
        """Take over a decision at time `t`, in seconds. After `close` it does nothing: the panel stays safe."""
        if not self._closed:
            self._signals.show(decision, t)
            self.tick(t)

    def tick(self, t: float) -> None:
        """Bring every output to its level at time `t`, writing only those that change.

        Raises:
            PinError: a pin can no longer be read or written.
        """
        if self._closed:
            return
        self._t = t
        if self._button is not None:
            with pin_errors("button", self._button_number):
                pressed = bool(self._button.value)
            self._signals.button(pressed, t)
        self._write(self._signals.outputs(t))

    def _write(self, wanted: Outputs) -> None:
        for name, on in zip(OUTPUTS, wanted, strict=True):
            output = self._outputs.get(name)
            # Asked again for each output: another thread may close the panel while this one waits for the disk behind the pins file.
            if output is not None and output.on is not on and not self._closed:
                output.write(on)
                self._tell(name, int(on))

    def _tell(self, name: str, value: int, why: Why = "") -> None:
        change = Change(self._t, name, value, why)
        if self._pins_file is not None:
            self._pins_file.write(change)
        if self._on_change is not None:
            self._on_change(change)

    def close(self) -> None:
        """Everything off, the relay let go, every pin given back. Safe to call twice; a pin that fails is logged, not raised."""
        if self._closed:
            return
        self._closed = True
        try:
            self._all_off()
        except KeyboardInterrupt:                   # a signal that comes just now waits until all is off
            self._all_off()
            raise
        finally:
            self._give_back()

    def _all_off(self) -> None:
        for output in self._outputs.values():
            with _logged(output.name):
                output.write(False)

    def _give_back(self) -> None:
        for name in self._outputs:
            with _logged(name):
                self._tell(name, 0, "close")
        for device in (*(output.device for output in self._outputs.values()), self._button, self.factory, self._pins_file):
            if device is not None:
                with _logged(type(device).__name__):
                    device.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Output:
    """One wired output, opened off."""

    def __init__(self, name: str, number: int, settings: PanelSettings, factory: Any) -> None:
        active_high = {"buzzer": settings.buzzer_active_high, "relay": settings.relay_active_high}.get(name, settings.lamps_active_high)
        self.name, self.number, self.on = name, number, SAFE[OUTPUTS.index(name)]
        self._tone_hz = settings.buzzer_hz if name == "buzzer" and settings.buzzer_kind == "passive" else 0.0
        with pin_errors(name, number):
            self.device = OutputDevice(number, active_high=active_high, initial_value=self.on, pin_factory=factory)

    def write(self, on: bool) -> None:
        """Drive the pin. Raises PinError."""
        with pin_errors(self.name, self.number):
            if not self._tone_hz:
                self.device.value = on
            elif on:
                self.device.pin.frequency = self._tone_hz
                self.device.pin.state = 0.5             # a square wave: the loudest that one pin can do
            else:
                # Ended, not turned down to a duty of 0 as PWMOutputDevice does: the pin then rests at a plain level.
                self.device.pin.frequency = None
                self.device.off()
        self.on = on


def mock_pins() -> Any:
    """Pins that only remember their level: gpiozero's own, able to sound a passive buzzer."""
    return MockFactory(revision="a02082", pin_class=MockPWMPin)


def lgpio_pins() -> Any:
    """The pins of this Raspberry Pi, by lgpio.

    Raises:
        PinError: no lgpio, no GPIO chip, no permission, or no Raspberry Pi.
    """
    try:
        lgpio: Any = import_module("lgpio")     # has no types, and is only on a Pi
        from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin
    except (ImportError, AttributeError, OSError) as error:
        raise _no_lgpio(error) from error

    class RestingPin(LGPIOPin):     # type: ignore[misc]  # gpiozero publishes no types
        """An output that rests at its off level with a pull the same way, from its first moment to beyond its last.

        gpiozero claims an output low and writes the level afterwards, a blink of relay and buzzer on boards that
        are active low; it turns a closed pin into a floating input, which leaves the gate of a transistor to chance.
        Raspberry Pi's kernel keeps the level of a pin given back, mainline makes it an input: the pull is meant for
        that. Levels tried with lgpio 0.2.2.0 on Linux 6.1's own driver in an emulated Pi 3B; pulls are not emulated.
        """

        def output_with_state(self, state: bool) -> None:
            pull = lgpio.SET_PULL_UP if state else lgpio.SET_PULL_DOWN
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(state), pull)

        def close(self) -> None:
            """Nothing: lines go back to the kernel as they are when the factory closes the chip."""

    with pin_errors():
        factory = LGPIOFactory()
    factory.pin_class = RestingPin
    return factory


@contextmanager
def pin_errors(name: str = "", number: int = 0) -> Iterator[None]:
    """Turns whatever gpiozero and lgpio raise inside into a PinError that names the setting and the pin."""
    lgpio: Any = sys.modules.get("lgpio")
    foreign = (GPIOZeroError, OSError, *((lgpio.error,) if hasattr(lgpio, "error") else ()))
    try:
        yield
    except PinError:
        raise
    except foreign as error:
        # Their frames keep the half-made device alive, and with it gpiozero's reservation of the pin.
        traceback.clear_frames(error.__traceback__)
        raise _plain(error, f"[panel] {name}_pin, {describe(number)}" if name else "GPIO") from error


def _plain(error: Exception, where: str) -> PinError:
    """What an installer can act on, from what gpiozero or lgpio said."""
    said = str(error).strip("'\" ")
    if isinstance(error, PinUnknownPi):
        return GpioMissing("GPIO: this machine is no Raspberry Pi (it states no board revision).",
                           hint=f"On another machine, {NO_GPIO}")
    if "can not open gpiochip" in said:
        return _no_chip()
    if isinstance(error, GPIOPinInUse) or "busy" in said.lower():
        return PinError(f"{where}: another program, or a driver of the kernel, holds this pin.",
                        hint="`gpioinfo` names who does; stop that program or take another pin.")
    return PinError(f"{where}: cannot be driven ({said or type(error).__name__}).")


def _no_chip() -> GpioMissing:
    chips = sorted(str(chip) for chip in Path("/dev").glob("gpiochip*"))
    if not chips:
        return GpioMissing("GPIO: this machine has no GPIO chip (/dev/gpiochip0).",
                           hint=f"Load the kernel's GPIO driver; {NO_GPIO}")
    return GpioMissing(f"GPIO: {', '.join(chips)} cannot be opened.",
                       hint="Add the user to the group gpio (`sudo usermod -aG gpio USER`) and log in again.")


def _no_lgpio(error: Exception) -> GpioMissing:
    """Why lgpio, or gpiozero's use of it, cannot be imported."""
    apt = f"`sudo apt install python3-lgpio`; {NO_GPIO}"
    if isinstance(error, ImportError):
        return GpioMissing(f"GPIO: the Python module lgpio is missing ({error}).", hint=apt)
    if isinstance(error, AttributeError):
        return GpioMissing("GPIO: the installed Python module lgpio is an empty shell (version 0.0.0.2 from PyPI is).",
                           hint="`pip uninstall lgpio`, then " + apt)
    return GpioMissing(f"GPIO: lgpio cannot make its notification pipe in {Path.cwd()} ({error.strerror if isinstance(error, OSError) else error}).",
                       hint="Start MaskGate in a directory that it may write to, such as /run/maskgate.")


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Logs any error instead of raising it: whatever one pin does, the others must still be turned off."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - any error, as said
        log.error("panel close failed part=%s error=%s", what, error)
