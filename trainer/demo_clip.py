# SPDX-License-Identifier: Apache-2.0
"""Makes the demo's clip: `python -m trainer.demo_clip --out edge/demo/door.mp4`, and the table of what it shows.

A person walks up bare, puts a mask on, lets it slip below the nose, and leaves. Only numpy, OpenCV, PyAV and
scikit-image's portrait; the same seed gives the same frames.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from edge.whole import whole
from trainer.render import Kind, Style, Worn, render_mask
from trainer.render.corridor import HEIGHT, HORIZON, NICHE_X, WIDTH, corridor
from trainer.render.light import Field, Image, field
from trainer.render.portrait import EYES, FACE, Cutout, astronaut, outline, standing

FPS = 15
APPEARS, ARRIVES, MASKED, SLIPPED, LEAVES, GONE, END = 1.5, 4.3, 8.5, 13.5, 18.5, 19.3, 22.0
"""Seconds at which something begins."""
DOORWAY_S, BLEND_S = 0.9, 0.2
FAR_PX, NEAR_PX = 18.0, 140.0
"""Height of the face at the far end (out of range) and before the camera."""
SHUTTER_S, MOTION_STEPS = 0.017, 5

TRUTH = (
    (0.0, APPEARS, 0, "nobody", "empty corridor"),
    (APPEARS, 2.8, 1, "unclear", "bare, far off, walking up"),
    (2.8, MASKED, 1, "no_mask", "bare"),
    (MASKED, MASKED + BLEND_S, 1, "unclear", "mask appears"),
    (MASKED + BLEND_S, SLIPPED, 1, "mask", "blue surgical mask over nose and mouth"),
    (SLIPPED, SLIPPED + BLEND_S, 1, "unclear", "mask slips"),
    (SLIPPED + BLEND_S, LEAVES, 1, "incorrect", "the nose is out"),
    (LEAVES, GONE, 1, "unclear", "leaves to the right, cut off by the frame's edge"),
    (GONE, END, 0, "nobody", "empty corridor"),
)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the person is in one moment."""

    face_px: float
    x: float
    """Column of the middle between the eyes."""
    y: float
    roll_deg: float


def stand_at(t: float) -> Stand | None:
    """Where the person is at `t` seconds; None when out of sight."""
    if not APPEARS <= t < GONE:
        return None
    along = np.clip((t - APPEARS - 0.5) / (ARRIVES - APPEARS - 0.5), 0, 1)
    eased = along + 0.35 * along * (1 - along)  # slows down at the end
    distance = NEAR_PX / FAR_PX + (1 - NEAR_PX / FAR_PX) * eased
    face_px = NEAR_PX / distance
    size = face_px / NEAR_PX
    walking = float(np.clip((ARRIVES - t) / 0.5, 0, 1)) if t < LEAVES else 1.0
    bob = 0.05 * face_px * walking * abs(np.sin(2 * np.pi * 0.95 * t))
    sway = size * (1 - walking) * (7 * np.sin(2 * np.pi * t / 5.3) + 3 * np.sin(2 * np.pi * t / 2.1 + 1))
    hidden = float(np.clip(1 - (t - APPEARS) / DOORWAY_S, 0, 1))
    x = 318 - 125 * hidden * hidden + sway
    if t > LEAVES:
        x += WIDTH * 1.15 * ((t - LEAVES) / (GONE - LEAVES)) ** 1.6
    breath = (1 - walking) * 0.012 * np.sin(2 * np.pi * t / 3.4)
    roll = (1 - walking) * 1.6 * np.sin(2 * np.pi * t / 4.4) + walking * 0.8 * np.sin(2 * np.pi * 0.95 * t)
    return Stand(face_px * (1 + breath), x, HORIZON + 8 * size - bob, float(roll))


def dressed(t: float, looks: dict[str, Cutout]) -> Cutout:
    """The person as dressed at `t`; two looks blended while the mask changes."""
    for start, before, after in ((MASKED, "bare", "mask"), (SLIPPED, "mask", "nose")):
        if start <= t < start + BLEND_S:
            share = (t - start) / BLEND_S
            blend = cv2.addWeighted(looks[before].image, 1 - share, looks[after].image, share, 0)
            return Cutout(np.asarray(blend, np.uint8), looks[before].cover)
    return looks["bare" if t < MASKED else "mask" if t < SLIPPED else "nose"]


def _placed(person: Cutout, stand: Stand) -> tuple[Image, Field]:
    """The person at frame size: picture and cover."""
    scale = stand.face_px / FACE.box.h
    warp = np.asarray(cv2.getRotationMatrix2D(EYES, stand.roll_deg, scale))
    warp[:, 2] += np.array([stand.x - EYES[0], stand.y - EYES[1]])
    soft = 0.35 / scale if scale < 0.7 else 0.1  # no aliasing when shrunk; 0.1 changes nothing
    image, cover = cv2.GaussianBlur(person.image, (0, 0), soft), cv2.GaussianBlur(person.cover, (0, 0), soft)
    image = cv2.warpAffine(image, warp, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(image, np.uint8), field(cv2.warpAffine(cover, warp, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR))


def frame_at(t: float, background: Image, looks: dict[str, Cutout]) -> Image:
    """One frame without noise; what moves while the shutter is open is smeared."""
    if stand_at(t) is None:
        return background
    steps = MOTION_STEPS if t < ARRIVES or t >= LEAVES else 1
    total = np.zeros(background.shape, np.float32)
    for step in range(steps):
        moment = t + (step - steps // 2) * SHUTTER_S / MOTION_STEPS
        stand = stand_at(min(max(moment, APPEARS), GONE - 1e-6))
        assert stand is not None
        image, cover = _placed(dressed(t, looks), stand)
        if t < APPEARS + DOORWAY_S:
            cover = cover.copy()
            cover[:, :NICHE_X] = 0  # the wall before the doorway
        lit = image * np.float32(0.82 + 0.16 * stand.face_px / NEAR_PX)
        total += lit * cover[..., None] + background * (1 - cover[..., None])
    return np.clip(total / steps, 0, 255).astype(np.uint8)


def looks_of(portrait: Image) -> dict[str, Cutout]:
    """The cut-out person bare, masked properly, and with the nose out. The seeds were chosen by eye."""
    cover = outline(portrait)
    blue, white = (0.92, 0.82, 0.66), (0.93, 0.93, 0.93)
    drawn = {"bare": portrait}
    for name, worn, seed in (("mask", Worn.CORRECT, 5), ("nose", Worn.NOSE_OUT, 5)):
        drawn[name] = render_mask(portrait, FACE, Style(Kind.SURGICAL, worn, blue, white), np.random.default_rng(seed)).image
    return {name: standing(image, cover) for name, image in drawn.items()}


def write_clip(path: Path, seed: int) -> None:
    """Write the clip (H.264, yuv420p) and, beside it, `truth.csv`."""
    import av

    background, looks, rng = corridor(), looks_of(astronaut()), np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, av.open(str(part), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "23", "preset": "slow", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for number in range(round(END * FPS)):
            clean = frame_at(number / FPS, background, looks)
            noisy = np.clip(clean + rng.normal(0, 1.6, clean.shape), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="bgr24")))
        container.mux(stream.encode())
    rows = [f'{path.name},{start:g},{end:g},{faces},{verdict},"{note}"' for start, end, faces, verdict, note in TRUTH]
    with whole(path.with_name("truth.csv")) as part:
        part.write_text("\n".join(["clip,t_start,t_end,faces,verdict,note", *rows]) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("edge/demo/door.mp4"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    write_clip(args.out, args.seed)
    print(f"{args.out}: {END:g} s, {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
