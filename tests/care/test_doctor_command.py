# SPDX-License-Identifier: Apache-2.0
"""`maskgate doctor` as a user meets it: what it prints, what it exits with, what is in the archive and what is not."""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import stat
import tarfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from care_stand_ins import FakeUnit
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.stream import without_password
from edge.care.doctor.context import Ran
from edge.care.doctor.redact import redact, secrets_in
from edge.commands import doctor
from edge.errors import PinError, SettingsError
from edge.outputs import must_be_writable


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeUnit:
    fake = FakeUnit(tmp_path / "root")
    fake.unit |= {"ActiveState": "active", "SubState": "running"}
    monkeypatch.setattr(doctor, "context_of", lambda arguments: fake.context)
    return fake


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    return doctor.run(parser.parse_args(words))


def test_a_well_unit_exits_with_0(unit: FakeUnit, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    said = capsys.readouterr().out
    assert "✓ power: " in said
    assert "All 21 checks are well." in said


def test_a_warning_exits_with_0_and_a_failure_with_1(unit: FakeUnit, capsys: pytest.CaptureFixture[str]) -> None:
    unit.answers["timedatectl"] = Ran(0, "no\n")
    assert run() == 0
    unit.write("/proc/meminfo", "MemAvailable: 9000 kB\n")
    assert run() == 1
    said = capsys.readouterr().out
    assert "✗ memory: only 9 MB are available\n    → stop what else" in said
    assert "21 checks: 1 failure, 1 warning." in said


def test_json_is_one_object_with_every_result(unit: FakeUnit, capsys: pytest.CaptureFixture[str]) -> None:
    unit.write("/proc/meminfo", "MemAvailable: 9000 kB\n")
    assert run("--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["level"] == "failure"
    assert len(said["results"]) == 21
    assert next(result for result in said["results"] if result["name"] == "memory").keys() == {"name", "level", "found", "remedy"}


SECRETS = ("hunter22", "p%40ss-word", "p@ss-word", "tok-9f8e7d", "wifi-psk-1", "longsecretline")
SETTINGS = """
[camera]
source = "rtsp://admin:hunter22@192.168.1.20/stream?token=tok-9f8e7d"
[report]
note = "see http://user:p%40ss-word@host/x"
mqtt_password = "tok-9f8e7d"
text = '''
longsecretline
'''
"""


def test_the_archive_holds_what_helps_and_no_secret(unit: FakeUnit, tmp_path: Path) -> None:
    unit.load(SETTINGS)
    unit.answers["CODE cv2"] = Ran(1, err="ImportError: password=hunter22")
    unit.answers["journalctl"] = Ran(0, 'login with hunter22 failed, psk="wifi-psk-1"\nPOST /?token=tok-9f8e7d 200\nstate=idle\np@ss-word\n')
    run("--bundle", str(tmp_path / "support.tar.gz"))
    assert (tmp_path / "support.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "support.tar.gz") as archive:
        texts = {member.name: archive.extractfile(member).read().decode() for member in archive}  # type: ignore[union-attr]
    assert sorted(texts) == [f"maskgate-support/{name}" for name in ("doctor.json", "log.txt", "settings.toml", "versions.json")]
    assert not [(name, secret) for name, text in texts.items() for secret in SECRETS if secret in text]
    assert "192.168.1.20/stream" in texts["maskgate-support/settings.toml"]
    tomllib.loads(texts["maskgate-support/settings.toml"])      # what is taken out takes no quotation mark with it
    assert "state=idle" in texts["maskgate-support/log.txt"]
    assert json.loads(texts["maskgate-support/versions.json"])["packages"]["numpy"] == "2.2.4"
    assert len(json.loads(texts["maskgate-support/doctor.json"])) == 21


@pytest.mark.parametrize("text", [
    "http://u:geheim77@h/", 'token = "geheim77"', "api_key: geheim77", '{"password":"geheim77"}', "Authorization: Bearer geheim77",
    "x = {pass = 'geheim77'}", "?sig=geheim77&a=1", "https://geheim77@host/", "rtsp://a:b/geheim77@cam/1", "PSK='geheim77'",
    "camera_1rtsp://u:geheim77@h/", "X-Api-Key: geheim77", "my-key=geheim77",
])
def test_whatever_looks_like_a_secret_goes(text: str) -> None:
    assert "geheim77" in " ".join(secrets_in(text)) or "geheim77" not in redact(text)
    assert "geheim77" not in redact(text)


@pytest.mark.parametrize("piece", ["a-", "key-", "token-", "a:", "rtsp://"])
def test_a_long_line_of_the_log_is_looked_through_in_no_time(piece: str) -> None:
    began = time.monotonic()
    redact(piece * 20_000)
    assert time.monotonic() - began < 10, "one letter after another, and not each with all that follow"


WORDS = {
    "state=idle": "state=idle", "a@b.de": "a@b.de", "://": "://", "://:///@": "://(redacted)@", "://@": "://@", "rtsp://cam/1": "rtsp://cam/1",
    "rtsp://me:geheim77@cam/1": "rtsp://(redacted)@cam/1", "x=http://geheim77@cam": "x=http://(redacted)@cam", "rtsp://me:p@ss77@cam@": "rtsp://(redacted)@",
    "rtsp://a:geheim77@b,rtsp://c:geheim88@d/http://e": "rtsp://(redacted)@d/http://e",
}
"""Words of a log, and what is left of them: an address loses all from its first `://` to its last `@`."""


@given(st.lists(st.tuples(st.sampled_from(sorted(WORDS)), st.sampled_from(" \t\n\"'"))))
def test_each_address_loses_its_secret_whatever_stands_beside_it(said: list[tuple[str, str]]) -> None:
    assert redact("".join(word + end for word, end in said)) == "".join(WORDS[word] + end for word, end in said)


@pytest.mark.parametrize("address", ["rtsp://me:geheim77@cam:554/1?token=geheim77", "http://cam?key=geheim77", "http://geheim77@cam/a?b=geheim77@x"])
def test_the_name_of_a_stream_in_log_and_health_holds_no_secret(address: str) -> None:
    assert "geheim77" not in without_password(address)
    assert "//cam" in without_password(address)


@pytest.mark.parametrize("text", ["state=passed people=2", "pass_min = 0.6", "http://192.168.1.20/stream", "mail to a@b.de", "monkey=3 keyboard=4"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_an_archive_that_cannot_be_written_says_so_before_it_looks_at_anything(unit: FakeUnit, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingsError, match=r"--bundle /nowhere/x\.tar\.gz: cannot be written"):
        run("--bundle", "/nowhere/x.tar.gz")
    assert capsys.readouterr().out == ""


def test_an_archive_whose_name_promises_another_kind_of_file_is_refused(unit: FakeUnit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingsError, match=r"support\.zip: this will hold a packed archive; expected a name that ends in \.tar\.gz"):
        run("--bundle", str(tmp_path / "support.zip"))
    assert capsys.readouterr().out == ""


def test_trying_a_target_leaves_everything_as_it_was(tmp_path: Path) -> None:
    must_be_writable("--report", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").write_text("kept")
    must_be_writable("--report", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "kept"


def test_trying_a_link_that_leads_nowhere_leaves_it_so(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    must_be_writable("--report", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert not (tmp_path / "nowhere").exists()


def a_device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))      # as /dev/null is
    except PermissionError:
        pytest.skip("only root makes a device")


def a_link(path: Path) -> None:
    path.with_name("file").touch()
    path.symlink_to("file")


@pytest.mark.parametrize(("make", "said"), [(os.mkfifo, "device or a pipe"), (a_device, "device or a pipe"), (a_link, "this is a link")])
def test_an_archive_takes_the_place_of_no_device_pipe_or_link(unit: FakeUnit, tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "there")
    before = (tmp_path / "there").lstat()
    with pytest.raises(SettingsError, match=said):
        run("--bundle", str(tmp_path / "there"))
    assert (tmp_path / "there").lstat().st_ino == before.st_ino


def test_an_archive_is_whole_or_the_one_of_before_stays(unit: FakeUnit, tmp_path: Path) -> None:
    """A disk that fills up in the middle, as a limit on the size of files shows it."""
    path = tmp_path / "support.tar.gz"
    path.write_text("of before")
    unit.answers["journalctl"] = Ran(0, random.Random(1).randbytes(60_000).hex(" ", 4))     # does not get much smaller
    limits, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(SettingsError, match=r"support\.tar\.gz: cannot be written \(File too large\)"):
            run("--bundle", str(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_text() == "of before"
    assert list(tmp_path.glob("support*")) == [path]


def test_settings_that_cannot_be_read_are_told_where_the_camera_is_looked_at_without_them(unit: FakeUnit) -> None:
    unit.load("[camera]\nsauce = 1\n")
    assert "; what follows is looked at with the defaults" in unit.result_of("settings").found
    assert unit.result_of("camera").found.startswith("by the defaults, as the settings cannot be read (source picamera): ")


def test_two_packages_that_are_missing_have_two_remedies(unit: FakeUnit) -> None:
    for name in ("lgpio", "picamera2"):
        unit.answers[f"CODE {name}"] = Ran(1, err=f"ModuleNotFoundError: No module named '{name}'")
    remedy = unit.result_of("packages").remedy
    assert "apt install python3-lgpio" in remedy
    assert "apt install python3-picamera2" in remedy


def test_no_remedy_names_an_option_that_the_doctor_does_not_have(unit: FakeUnit) -> None:
    unit.context.pins_test = True
    unit.set(panel={"green_pin": 99})
    remedies = [PinError.hint, *(unit.result_of(name).remedy for name in ("gpio", "pins"))]
    assert not [remedy for remedy in remedies if "use `--panel" in remedy]
    assert '[panel] kind = "mock"' in PinError.hint


def test_no_color_is_heard(unit: FakeUnit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    run()
    assert "\033" not in capsys.readouterr().out


def test_settings_that_are_wrong_are_a_finding_and_no_end(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text("[door]\nmood = 1\n")
    context = doctor.context_of(argparse.Namespace(config=tmp_path / "m.toml", pins_test=False, yes=False, json=False))
    assert "mood" in str(context.settings_error)
    assert context.settings.door.mode == "remind"


def test_a_terminal_without_unicode_gets_plain_marks(unit: FakeUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.care.doctor.result import failure

    monkeypatch.setattr(doctor, "_can_print", lambda signs: False)
    assert doctor.in_words(failure("disk", "full", "make room"), coloured=False) == ["FAIL disk: full", "    -> make room"]
