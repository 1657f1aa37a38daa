# SPDX-License-Identifier: Apache-2.0
"""`setup.sh install --image`: into a system that is unpacked in a folder, with packages that were fetched before."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.pi, pytest.mark.slow, pytest.mark.timeout(900)]


def test_an_image_gets_all_that_a_unit_gets_and_nothing_stays_mounted(project: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: a system is unpacked")
    if not shutil.which("mmdebstrap"):
        pytest.skip("needs mmdebstrap: apt-get install it")
    image, wheels, source = tmp_path / "image", tmp_path / "wheels", tmp_path / "source"
    shutil.copytree(project, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "runs", "out"))
    image.mkdir()
    subprocess.run([project / "tests/pi/sysbox.sh", "unpack", "trixie-image", image], check=True, timeout=900)
    subprocess.run([project / "setup.sh", "wheels", "--os", "trixie", "--arch", "x86_64", wheels], check=True, timeout=600)
    (image / "etc/resolv.conf").unlink(missing_ok=True)
    (image / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")   # as on a system with systemd-resolved
    mounts = Path("/proc/self/mounts").read_text()

    command = [source / "setup.sh", "install", "--image", image, "--offline", wheels, "--source", "/srv/clip.mp4", "--panel", "mock"]
    environment = {**os.environ, "PIP_NO_COMPILE": "1"}
    for expected in ("into use", "is there"):  # the second time nothing is made again
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert expected in done.stdout

    current = image / "opt/maskgate/current"
    release = image / str(current.readlink()).lstrip("/")
    assert (release / "complete").exists()
    assert "/opt/maskgate/releases/" in (release / "bin/maskgate").read_text().splitlines()[0]
    assert 'source = "/srv/clip.mp4"' in (image / "etc/maskgate/maskgate.toml").read_text()
    assert (image / "etc/systemd/system/multi-user.target.wants/maskgate.service").is_symlink()
    assert "maskgate:" in (image / "etc/passwd").read_text()
    user = next(line.split(":") for line in (image / "etc/group").read_text().splitlines() if line.startswith("maskgate:"))
    assert (image / "etc/maskgate/maskgate.toml").stat().st_gid == int(user[2])
    assert Path("/proc/self/mounts").read_text() == mounts
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image", "source", "wheels"], "nothing beside the image was touched"
    assert not list((image / "var/tmp").glob("maskgate-setup.*"))
