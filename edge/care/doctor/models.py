# SPDX-License-Identifier: Apache-2.0
"""Are both models whole, do they load here, and do they do what they are for."""

from __future__ import annotations

import json
import signal
from typing import Any

from edge.care.doctor.context import MISSING, TOO_LONG, Context
from edge.care.doctor.result import Result, failure, together, warning

NAME = "models"
SHIPPED = "leave [faces] model and [masks] model empty for the ones that ship, or `sudo ./setup.sh install`"


def check(context: Context) -> Result:
    settings = context.settings
    ran = context.python("-P", "-m", "edge.care.doctor.try_models", settings.faces.model, settings.masks.model)
    said = _said(ran.out)
    if ran.code == TOO_LONG:
        return warning(NAME, ran.err or "the models did not answer in time", "run the doctor again; if it stays, look at the card and the memory below")
    if ran.code < 0:
        name = signal.Signals(-ran.code).name
        which = "the mask classifier" if "faces" in said else "the face detector"
        return failure(NAME, f"{which} kills its process with {name}",
                       "the runtime is built for another processor: `sudo ./setup.sh install` on this very board")
    if ran.code == MISSING or "masks" not in said:
        return failure(NAME, f"they cannot be tried: {(ran.err.strip().splitlines() or ['no answer'])[-1]}", "see the packages above")
    faces, masks = said["faces"], said["masks"]
    return together(NAME, [*_judge_faces(faces), *_judge_masks(masks)],
                    f"face detector finds the test face ({faces.get('score')}) in {faces.get('ms')} ms; "
                    f"{masks.get('name')} ({str(masks.get('sha256'))[:12]}…) judges in {masks.get('ms')} ms")


def _said(out: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for line in out.splitlines():
        try:
            said |= json.loads(line)
        except (ValueError, TypeError):
            continue
    return said


def _judge_faces(faces: dict[str, Any]) -> list[Result]:
    if "error" in faces:
        return [failure(NAME, faces["error"], faces["hint"])]
    if faces["found"] != 1 or faces["besides"]:
        return [warning(NAME, f"the face detector finds the drawn test face {faces['found']} times and {faces['besides']} things besides, expected 1 and none",
                        f"try it with `maskgate check` on a picture of a face; {SHIPPED}")]
    return []


def _judge_masks(masks: dict[str, Any]) -> list[Result]:
    if "error" in masks:
        return [failure(NAME, masks["error"], masks["hint"])]
    if not masks["sane"]:
        return [failure(NAME, f"the mask classifier {masks['name']} says the same of everything, or no probabilities", SHIPPED)]
    return []
