# SPDX-License-Identifier: Apache-2.0
"""Draws masks, and what is mistaken for one, on pictures of bare faces. Pure numpy and OpenCV; no model, no download.

    style = random_style(rng, Label.INCORRECT)
    done = render_mask(image, face, style, rng)      # done.image, done.label, done.drawn

    style ─▶ draw ─▶ pose (affine camera through the landmarks)
                 ├─▶ light (skin, white, slope, blur, noise of this picture)
                 ├─▶ outline, cloth, occluders (what is drawn, back to front)
                 └─▶ canvas (fills, lights, blurs, grains and puts it over the skin)
"""

from trainer.render.draw import Rendered, render_mask
from trainer.render.style import Kind, Style, Worn, random_style

__all__ = ["Kind", "Rendered", "Style", "Worn", "random_style", "render_mask"]
