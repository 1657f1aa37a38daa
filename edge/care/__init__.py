# SPDX-License-Identifier: Apache-2.0
"""Care: the unit looks after itself.

While it runs, the daemon's loop calls `watch.py` for each frame. `picture.py` and `vitals.py` notice what is wrong, `faults.py` is the
table of what that can be, `health.py` and `health_file.py` keep and tell it, `pace.py` judges fewer frames while the processor is hot, and
`ending.py` shows a fault that ends the program. Two commands are for people: `doctor/` finds what is wrong with a unit, `aim/` helps to
hang the camera.
"""
