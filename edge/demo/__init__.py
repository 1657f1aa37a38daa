# SPDX-License-Identifier: Apache-2.0
"""The clip that ships with MaskGate, and what is to be seen in it.

`door.mp4` is ours: made by `python -m trainer.demo_clip` from scikit-image's portrait of the astronaut Eileen Collins
(NASA photograph, public domain) walking through a corridor that is drawn; the masks are drawn too. It shows what the
unit does; it proves nothing about accuracy on real masks. NASA endorses neither this clip nor MaskGate.
"""

from __future__ import annotations

from pathlib import Path

CLIP = Path(__file__).with_name("door.mp4")
"""640 x 480, 15 frames a second, H.264, no sound."""
TRUTH = Path(__file__).with_name("truth.csv")
"""clip,t_start,t_end,faces,verdict,note: what is to be seen, in seconds of the clip."""
