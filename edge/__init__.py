# SPDX-License-Identifier: Apache-2.0
"""All that runs on the unit. Imports nothing from `trainer` or `convert`, and no TensorFlow.

    camera ──Frame──▶ vision ──Look(s)──▶ door ──Decision──▶ panel, report

`daemon.py` wires these rooms. See docs/design.md for the map.
"""

__version__ = "0.1.0"
