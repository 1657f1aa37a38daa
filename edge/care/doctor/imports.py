# SPDX-License-Identifier: Apache-2.0
"""Tries every package that the settings call for, each in a Python of its own: a clash of binaries may crash it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from edge.care.doctor.context import TOO_LONG, Context, Ran
from edge.settings import Settings

CODE = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
said = {"version": str(getattr(module, "__version__", "")), "file": str(getattr(module, "__file__", ""))}
if sys.argv[1] == "cv2":
    said["yunet"] = hasattr(module, "FaceDetectorYN")
if sys.argv[1] == "lgpio":
    said["empty"] = not hasattr(module, "gpiochip_open")
sys.stdout.write("\\n" + json.dumps(said))
"""
CLASH = re.compile(r"numpy\.dtype size changed|compiled (using|against) .{0,40}numpy|_ARRAY_API not found|numpy\.core\.multiarray failed|"
                   r"incompatible .{0,30}numpy|module compiled against ABI", re.IGNORECASE | re.DOTALL)
"""How a package says that it was built for another numpy."""


class Imported(NamedTuple):
    """One package."""

    good: bool
    version: str = ""
    said: Mapping[str, object] = {}
    """What else was asked of it: `file`; of cv2 `yunet`, of lgpio `empty`."""
    error: str = ""
    """The last line of what it said."""
    clash: bool = False
    """It, or a package that it loads, was built for another numpy."""
    missing: str = ""
    """The module that is not there."""
    crashed: bool = False
    """It took its Python down with it."""
    slow: bool = False
    """It was not done within the time."""


def needed(settings: Settings) -> list[str]:
    """The modules that a unit with these settings loads."""
    names = ["numpy", "cv2", "ai_edge_litert.interpreter", "msgspec", "gpiozero"]
    if settings.panel.kind == "gpio":
        names.append("lgpio")
    if settings.camera.source == "picamera":
        names.append("picamera2")
    return names


def try_imports(context: Context) -> Mapping[str, Imported]:
    """Each module that is needed, by its name."""
    return {name: imported(context.python("-P", "-c", CODE, name)) for name in needed(context.settings)}


def imported(ran: Ran) -> Imported:
    """What came of one attempt."""
    if ran.code == TOO_LONG:
        return Imported(good=False, slow=True, error=ran.err or "it did not load in time")
    clash = CLASH.search(ran.err) is not None
    last = next((line.strip() for line in reversed(ran.err.splitlines()) if line.strip()), "")
    if ran.code != 0:
        absent = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", ran.err)
        return Imported(good=False, error=last or f"exit code {ran.code}", clash=clash, missing=absent[1] if absent else "", crashed=ran.code < 0)
    try:
        said = json.loads(ran.out.splitlines()[-1])
    except (ValueError, IndexError):
        return Imported(good=False, error="it said nothing")
    # A module may load, say that one of its parts is built for another numpy, and fail later.
    return Imported(good=not clash, version=said.get("version", ""), said=said, clash=clash, error=last if clash else "")
