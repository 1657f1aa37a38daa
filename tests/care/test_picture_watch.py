# SPDX-License-Identifier: Apache-2.0
"""Black, covered and frozen pictures are noticed after their time, and nothing else is taken for them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from care_stand_ins import scene
from numpy.typing import NDArray

from edge.care.picture import DARK_S, FROZEN_S, PictureWatch, largest_steps

Picture = NDArray[np.uint8]


def noisy(picture: NDArray[np.floating] | Picture, seed: int, sigma: float = 2.0) -> Picture:
    draw = np.random.default_rng(seed)
    return np.asarray(np.clip(picture + draw.normal(0, sigma, picture.shape), 0, 255), np.uint8)


def watched(pictures: Iterable[Picture], step_s: float = 1.0, watch: PictureWatch | None = None) -> list[str]:
    watch = watch or PictureWatch()
    return [fault.code if (fault := watch.step(i * step_s, picture)) else "" for i, picture in enumerate(pictures)]


def black(seed: int) -> Picture:
    return noisy(np.zeros((480, 640, 3)), seed)


def covered(seed: int) -> Picture:
    """A hand before the lens: light from one side, strong noise, no edge."""
    return noisy(np.full((480, 640, 3), 60.0) + 80 * np.linspace(0, 1, 640)[None, :, None], seed, 8.0)


def test_a_world_in_motion_is_well() -> None:
    assert set(watched(scene(i % 3) for i in range(60))) == {""}


def test_black_is_said_after_its_time_and_taken_back_at_once() -> None:
    said = watched([*(black(i) for i in range(8)), scene(1), black(9)])
    assert said == [""] * int(DARK_S) + ["picture-black"] * 3 + ["", ""]


def test_covered_is_said_after_its_time() -> None:
    assert watched(covered(i) for i in range(8)) == [""] * int(DARK_S) + ["lens-covered"] * 3


def test_black_and_covered_in_turn_count_as_one_time_in_which_nothing_is_seen() -> None:
    assert watched(black(i) if i % 2 else covered(i) for i in range(7)) == [""] * int(DARK_S) + ["picture-black", "lens-covered"]


def test_a_light_that_is_switched_on_behind_a_cap_does_not_end_the_fault() -> None:
    assert watched([*(black(i) for i in range(7)), covered(7), covered(8)])[int(DARK_S):] == ["picture-black"] * 2 + ["lens-covered"] * 2


@pytest.mark.parametrize("level", [20, 128, 255])
def test_tape_of_any_brightness_covers(level: int) -> None:
    assert watched(noisy(np.full((480, 640, 3), level), i) for i in range(8))[-1] == "lens-covered"


def test_frozen_is_said_after_its_time() -> None:
    said = watched([scene(1)] * 40)
    first = int(FROZEN_S) + 1   # the second picture is the first that is the same
    assert said == [""] * first + ["picture-frozen"] * (40 - first)


def test_a_frozen_picture_with_a_clock_that_runs_is_frozen() -> None:
    def stamped(i: int) -> Picture:
        picture = scene(1).copy()
        cv2.putText(picture, f"12:00:{i:02}", (5, 20), cv2.FONT_HERSHEY_PLAIN, 1, (255, 255, 255))
        return picture

    assert watched(stamped(i) for i in range(40))[-1] == "picture-frozen"


def test_a_still_scene_with_a_live_sensor_is_not_frozen() -> None:
    assert set(watched(noisy(scene(1), i, 1.0) for i in range(80))) == {""}


def test_a_picture_that_repeats_for_a_while_and_moves_on_is_not_frozen() -> None:
    assert set(watched(scene(i // 25) for i in range(90))) == {""}


def test_frozen_black_is_black() -> None:
    assert watched([np.zeros((480, 640, 3), np.uint8)] * 40)[-1] == "picture-black"


def test_a_picture_that_stands_still_after_a_dark_one_counts_its_own_time() -> None:
    said = watched([scene(1), *(black(i) for i in range(7)), *[scene(1)] * 32])
    assert said == [""] * 6 + ["picture-black"] * 2 + [""] * 30 + ["picture-frozen"] * 2


def test_a_file_is_what_it_is() -> None:
    assert set(watched([np.zeros((480, 640, 3), np.uint8)] * 60, watch=PictureWatch(live=False))) == {""}


def test_the_size_may_change_and_may_be_tiny() -> None:
    sizes = [(480, 640), (120, 160), (8, 8), (3, 1000), (1080, 1920)]
    assert set(watched(np.asarray(np.random.default_rng(i).integers(0, 256, (*size, 3)), np.uint8) for i, size in enumerate(sizes * 4))) == {""}


def test_the_frame_itself_is_not_kept() -> None:
    import weakref

    picture = scene(1).copy()
    watch, gone = PictureWatch(), weakref.ref(picture)
    watch.step(0.0, picture)
    del picture
    assert gone() is None


def test_it_costs_less_than_a_millisecond() -> None:
    watch, picture = PictureWatch(), scene(1)
    took = []
    for i in range(30):
        started = time.perf_counter()
        watch.step(i / 15, picture)
        took.append(time.perf_counter() - started)
    assert min(took) < 0.001    # the least: others use this machine too


@pytest.mark.shared
def test_no_real_scene_looks_covered_or_black(shared: Path) -> None:
    for name in ("bottles_nobody.mp4", "two_bare_pose.mp4", "man_bare_pose.mp4"):   # those with the fewest edges
        capture, steps = cv2.VideoCapture(str(shared / "videos" / name)), []
        for _ in range(5):
            good, image = capture.read()
            assert good
            assert image.mean() > 50
            steps.append(largest_steps(np.asarray(image, np.uint8), max(image.shape[:2]) // 40))
        assert min(steps) > 30, name
