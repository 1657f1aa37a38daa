# SPDX-License-Identifier: Apache-2.0
"""The report that an installer keeps: one HTML file that needs nothing else, and holds a picture only if it was agreed to."""

from __future__ import annotations

import base64
import html
from string import Template

from edge import __version__
from edge.care.aim.session import Standing
from edge.errors import SettingsError

PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>MaskGate: how the camera hangs</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4em .6em; border-bottom: 1px solid #ccc; vertical-align: top }
.ok { color: #176b2c } .warning { color: #8a5a00 } .failure { color: #a61b1b; font-weight: bold } img { max-width: 100%; margin-top: 1em }
@media print { body { margin: 0 } }
</style></head><body>
<h1>How the camera hangs</h1>
<p>$when · source $source · MaskGate $version</p>
<p class="$level"><strong>$verdict</strong></p>
<table><tr><th>item</th><th>verdict</th><th>found</th><th>expected</th><th>what to do</th></tr>
$rows
</table>
<p>Angles are estimated from the eyes, the nose and the corners of the mouth, right to some 5°; the distance from 63 mm between
the pupils and a camera that sees $fov° across, right to a tenth. Every figure is the median of about a second.</p>
$picture
</body></html>
""")


def write_page(standing: Standing | None, *, when: str, source: str, fov_deg: float, picture: bool) -> str:
    """The report as HTML. It is of `standing`, the last moment in which somebody was there.

    Args:
        when: date and time in words.
        source: what the camera is called; no password in it.
        picture: whether the installer agreed to a picture of the scene.

    Raises:
        SettingsError: the picture cannot be encoded.
    """
    items = standing.items if standing else ()
    levels = [str(item.level) for item in items]
    level = next((level for level in ("failure", "warning") if level in levels), "ok") if items else "failure"
    verdict = {"ok": "All is well: this is a good place.", "warning": "It works, and could work better.",
               "failure": "People cannot be judged like this." if items else "Nobody stood before the camera: nothing was measured."}[level]
    rows = "\n".join(
        f'<tr><td>{html.escape(item.name)}</td><td class="{item.level}">{html.escape(item.word)}</td><td>{html.escape(item.found)}</td>'
        f"<td>{html.escape(item.wanted)}</td><td>{html.escape(item.remedy)}</td></tr>" for item in items)
    return PAGE.substitute(when=html.escape(when), source=html.escape(source), version=__version__, level=level, verdict=verdict, rows=rows,
                           fov=f"{fov_deg:g}", picture=_picture(standing) if picture and standing else "<p>No picture was kept.</p>")


def _picture(standing: Standing) -> str:
    import cv2

    good, data = cv2.imencode(".jpg", standing.frame.image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not good:
        raise SettingsError("The picture for the report cannot be encoded.")
    return f'<img alt="what the camera sees" src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}">'
