# SPDX-License-Identifier: Apache-2.0
"""maskgate score: how often the lamps were right on clips whose truth is known."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

from edge.commands.given import add_config
from edge.door.state import DoorState
from edge.errors import SettingsError
from edge.score import Score, Stretch, read_truth, score, total
from edge.settings import Settings

EXAMPLES = """examples:
  maskgate score clips/           plays every clip that clips/TRUTH.csv names
  maskgate score clips/ --only walk_masked.mp4 --json

TRUTH.csv has a line a stretch of a clip. Its verdict is no_mask, incorrect, mixed (somebody of several): red is right;
mask: green; nobody: no lamp; unclear: not judged. The columns of the table:
  judged s       seconds of the stretches, without the first two of each, in which the door may still make up its mind
  right          share of them with the right lamp
  wrongly green  share of those that were to be red or dark, with green: somebody passed who should not
  wrongly red    share of those that were to be green or dark, with red: somebody was stopped who should not be
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="clips and their TRUTH.csv (clip,t_start,t_end,faces,verdict,note)")
    parser.add_argument("--only", action="append", metavar="CLIP", help="only this one; may be given again")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Play clip after clip; its row comes as soon as it is played."""
    import logging

    from tqdm import tqdm

    from edge.settings_file import load_settings

    truth = read_truth(arguments.folder / "TRUTH.csv")
    names = list(dict.fromkeys(arguments.only or truth))
    for name in names:
        if name not in truth:
            raise SettingsError(f"--only {name}: TRUTH.csv does not name this clip.", hint=f"It names {', '.join(truth)}.")
    settings = load_settings(arguments.config)
    logging.getLogger("maskgate").setLevel(logging.WARNING)  # the table says it better
    show = as_json if arguments.json else as_row
    if not arguments.json:
        print(f"{'clip':<28}{'judged s':>9}{'right':>8}{'wrongly green':>15}{'wrongly red':>13}", flush=True)
    scores = []
    for name in tqdm(names, unit="clip", disable=not sys.stderr.isatty()):
        scores.append(play(arguments.folder / name, settings, truth[name]))
        tqdm.write(show(scores[-1]))  # to the standard output, around the bar
        sys.stdout.flush()
    if len(scores) > 1 and not arguments.json:
        print(show(total(scores)))
    return 0


def as_json(one: Score) -> str:
    """One JSON object; a ten-thousandth is as fine as frames allow."""
    import msgspec

    return msgspec.json.encode({key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(one).items()}).decode()


def as_row(one: Score) -> str:
    """One line of the table."""
    right = "-" if one.right is None else f"{one.right:.0%}"
    return f"{one.clip:<28}{one.seconds:>9.1f}{right:>8}{one.wrongly_green:>15.0%}{one.wrongly_red:>13.0%}"


def play(clip: Path, settings: Settings, stretches: list[Stretch]) -> Score:
    """Run the daemon's own loop over one clip and score the states that its panel was shown.

    Raises:
        KeyboardInterrupt: the clip was stopped; half of one has no score.
    """
    from edge.camera import open_camera
    from edge.daemon import watch
    from edge.testing import RecordingPanel
    from edge.vision import open_vision

    states: list[tuple[float, DoorState]] = []
    with RecordingPanel(settings.panel) as panel, open_camera(replace(settings.camera, source=str(clip), rotate_deg=0), fast=True) as camera:
        summary = watch(camera, open_vision(settings), settings.door, panel,
                        [lambda frame, looks, decision: states.append((frame.t, decision.state))])
    if summary.stopped:
        raise KeyboardInterrupt
    return score(clip.name, states, stretches)
