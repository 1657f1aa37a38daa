# SPDX-License-Identifier: Apache-2.0
"""A setting may name a secret instead of holding it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from edge.camera import open_camera
from edge.credential import revealed
from edge.errors import CameraError, SettingsError
from edge.settings import CameraSettings


@pytest.fixture
def handed_over(tmp_path: Path) -> dict[str, str]:
    """What systemd gives a service: a folder in memory, files named secret_NAME."""
    (tmp_path / "secret_camera").write_text("rtsp://door:pass word@10.0.0.2/stream\n")
    return {"CREDENTIALS_DIRECTORY": str(tmp_path)}


def test_a_credential_is_read_without_its_newline(handed_over: dict[str, str]) -> None:
    assert revealed("credential:camera", handed_over) == "rtsp://door:pass word@10.0.0.2/stream"


def test_a_secret_that_an_editor_for_windows_wrote_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "secret_camera").write_bytes(b"\xef\xbb\xbfrtsp://10.0.0.2/stream\r\n")
    assert revealed("credential:camera", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "rtsp://10.0.0.2/stream"


def test_a_secret_that_could_be_waited_for_for_ever_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "secret_camera")
    with pytest.raises(SettingsError, match="a device or a pipe, expected a file"):
        revealed("credential:camera", {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize("value", ["picamera", "0", "", "rtsp://x/credential:camera"])
def test_any_other_value_stays_as_it_is(handed_over: dict[str, str], value: str) -> None:
    assert revealed(value, handed_over) == value


@pytest.mark.parametrize("name", ["other", "", "../secret_camera", "a/b"])
def test_a_secret_that_is_not_there_is_a_mistake_in_the_settings_with_its_place(handed_over: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        revealed(f"credential:{name}", handed_over)
    assert "/etc/maskgate/secrets" in caught.value.hint


def test_a_camera_is_opened_by_the_secret_s_content(handed_over: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret_camera").write_text("nothing-of-the-kind\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", handed_over["CREDENTIALS_DIRECTORY"])
    with pytest.raises(CameraError, match="nothing-of-the-kind"):
        open_camera(replace(CameraSettings(), source="credential:camera"))
