# SPDX-License-Identifier: Apache-2.0
"""Health: for every part of the unit, whether it is well, why not, and since when.

    health = HealthList(t)
    health.bad(FAULTS["lens-covered"], t)       # logs a warning once, with what to do
    health.well(Part.PICTURE, t)                # logs that it is over, once
    health.blinding                             # the fault that the panel has to show, or None
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from edge.care.faults import Fault, Part

log = logging.getLogger("maskgate.health")


@dataclass(frozen=True, slots=True)
class Health:
    """One part."""

    part: Part
    since: float
    """When it began to be as it is: seconds of the clock that `HealthList` was told."""
    fault: Fault | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.fault is None

    @property
    def why(self) -> str:
        """Empty where it is well."""
        if self.fault is None:
            return ""
        return f"{self.fault.what} ({self.detail})" if self.detail else self.fault.what


class HealthList:
    """Every part, well until something else is said. Logs on change, never per frame."""

    def __init__(self, t: float = 0.0) -> None:
        self._parts = {part: Health(part, t) for part in Part}

    def bad(self, fault: Fault, t: float, detail: str = "") -> bool:
        """Something is wrong at time `t`; True where that is new."""
        if self._parts[fault.part].fault is fault:
            return False
        self._parts[fault.part] = Health(fault.part, t, fault, detail)
        log.warning("%s", fault.log_line(detail))
        return True

    def well(self, part: Part, t: float) -> bool:
        """A part is well at time `t`; True where that is new."""
        before = self._parts[part]
        if before.fault is None:
            return False
        self._parts[part] = Health(part, t)
        log.info("over=%s part=%s after_s=%.0f", before.fault.code, part, t - before.since)
        return True

    def note(self, part: Part, fault: Fault | None, t: float) -> bool:
        """`bad` or `well`, for a watch that answers with a fault or None."""
        return self.well(part, t) if fault is None else self.bad(fault, t)

    @property
    def values(self) -> tuple[Health, ...]:
        """Every part, in the order of `Part`."""
        return tuple(self._parts.values())

    def has(self, fault: Fault) -> bool:
        """Whether this very fault is there now."""
        return self._parts[fault.part].fault is fault

    @property
    def blinding(self) -> Fault | None:
        """The first fault because of which nobody can be judged; None: judging goes on."""
        return next((health.fault for health in self._parts.values() if health.fault and health.fault.blind), None)
