# SPDX-License-Identifier: Apache-2.0
"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes is the machine's business, not the code's; each test has its own time limit.
settings.register_profile("maskgate", deadline=None)
settings.load_profile("maskgate")

# A shell that starts the tests in the background has SIGINT ignored, `nohup` SIGHUP, and every process of ours would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)  # the tests go on when the terminal has gone; what they start gets the usual

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of pictures, clips and weights beside the checkout. Absent: skipped, or an error in CI."""
    folder = PROJECT.parent / "shared"
    if not (folder / "data").is_dir():
        reason = "needs the pictures, clips and weights of ../shared, which is not beside this checkout"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of this checkout."""
    return PROJECT
