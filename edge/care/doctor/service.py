# SPDX-License-Identifier: Apache-2.0
"""Does the service run, will it come up at the next boot, and does it stay up."""

from __future__ import annotations

import json

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, together, warning
from edge.care.faults import FAULTS

NAME = "service"
MANY_RESTARTS = 5
WHY = {"2": "a setting is wrong: `maskgate config check` names it", "3": "the camera cannot be used: see the camera above",
       "4": "a model is broken: see the models above", "5": "a pin cannot be used: see gpio above"}
"""Exit code of `maskgate run` → what to do; the codes are those of edge/errors.py."""
LOG = "`journalctl -u maskgate -n 30` says why"


def check(context: Context) -> Result:
    unit = context.unit
    if not unit:
        return ok(NAME, "no systemd here")
    if not context.installed:
        if context.at("/opt/maskgate/current").is_symlink():
            return failure(NAME, "MaskGate is installed, but its service is not", "`sudo ./setup.sh install`")
        return ok(NAME, "not installed as a service")
    state, code = unit.get("ActiveState", ""), unit.get("ExecMainStatus", "0")
    results = []
    if state == "failed":
        results.append(failure(NAME, f"it has given up ({unit.get('Result')}, exit code {code})",
                               f"{WHY.get(code, LOG)}; then `sudo systemctl restart maskgate`"))
    elif unit.get("SubState") == "auto-restart":
        results.append(failure(NAME, f"it ends again and again (exit code {code})", WHY.get(code, LOG)))
    elif state == "activating":
        results.append(warning(NAME, "it is starting: no frame is decided yet", f"wait a minute; then {LOG}"))
    elif state != "active":
        results.append(warning(NAME, f"it does not run ({state})", "`sudo systemctl start maskgate`"))
    if unit.get("UnitFileState") in ("disabled", "masked"):
        results.append(warning(NAME, "it will not start at the next boot", "`sudo systemctl unmask maskgate; sudo systemctl enable maskgate`"))
    restarts = int(unit.get("NRestarts", "0") or 0)
    if restarts >= MANY_RESTARTS and state == "active":
        results.append(warning(NAME, f"it was started again {restarts} times since it was started by hand or by the boot", LOG))
    if context.at("/opt/maskgate/trying").exists():
        results.append(warning(NAME, "an upgrade or rollback was cut off in the middle (or is under way)",
                               "`sudo ./setup.sh upgrade` again finishes it, `sudo /opt/maskgate/current/share/maskgate/setup.sh rollback` goes back"))
    if state == "active":
        results += told(context)
    return together(NAME, results, f"runs: {unit.get('StatusText') or 'nothing said yet'}; {restarts} restarts")


def told(context: Context) -> list[Result]:
    """What the running program itself says is wrong, in its health.json."""
    try:
        parts = json.loads(context.text("/run/maskgate/health.json") or "")["parts"]
        faults = [(FAULTS[part["fault"]], f"since {part['since']}: {part['why']}") for part in parts if not part["ok"]]
    except (ValueError, KeyError, TypeError):
        return []   # none, or of another version
    return [failure(NAME, found, fault.hint) if fault.blind else warning(NAME, found, fault.hint) for fault, found in faults]
