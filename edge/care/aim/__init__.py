# SPDX-License-Identifier: Apache-2.0
"""Aim: whether the camera hangs well. `measure.py` measures a face, `verdict.py` judges, `session.py` goes on doing so
while the installer moves things, `screen.py` and `page.py` show it."""

FOV_DEG = 66.0
"""What a Camera Module 3 sees along the longer side of the picture (its data sheet)."""
