# SPDX-License-Identifier: Apache-2.0
"""Options are drop-ins of our own; uninstalling takes away what is ours and nothing else."""

from __future__ import annotations

import pytest
from unit_stand_in import Unit


def test_purging_empties_a_mounted_folder_and_leaves_it_to_its_partition(unit: Unit) -> None:
    kept = unit.base / "var"
    (kept / "lost+found").mkdir(parents=True)
    (kept / "statistics/2026").mkdir(parents=True)
    (kept / ".hidden").touch()
    unit.machine.has("mountpoint", f'[ "$2" = {kept} ]')
    unit.machine.has("rm", f'case " $* " in *" {kept} "*) echo "rm: cannot remove: Device or resource busy" >&2; exit 1;; esac; exec /bin/rm "$@"')
    unit.machine.has("userdel", "exit 0")
    unit.shell("r1", "unit_install")
    result = unit.shell("any", f"var={kept}; unit_uninstall --purge")
    assert result.returncode == 0, result.stderr
    assert [path.name for path in kept.iterdir()] == ["lost+found"]
    assert f"{kept} is emptied, and stays: something is mounted there" in result.stdout
    assert not (unit.base / "etc").exists()


OPTIONS = "for option in network reboot hardware-watchdog; do (unit_option $option on); done"
"""Every option on."""


def left(unit: Unit) -> set[str]:
    """What lies on the machine, but for what the stand-in for systemd writes."""
    return {str(path.relative_to(unit.base)) for path in unit.base.rglob("*")} - {"starts", "orders", "units"}


def test_uninstalling_leaves_the_settings_and_the_user_they_belong_to_and_purging_nothing(unit: Unit) -> None:
    unit.machine.has("userdel", "exit 0")
    for verb, stays in (("unit_uninstall", {"etc", "etc/maskgate.toml", "sysusers"}), ("unit_uninstall --purge", set())):
        assert unit.shell("r1", f"(unit_install); {OPTIONS}").returncode == 0
        assert {"system.conf.d/50-maskgate-watchdog.conf", "units/maskgate.service.d/20-reboot.conf"} <= left(unit)
        (unit.base / "units/maskgate.service.new").touch()  # of an installation that a power cut ended
        result = unit.shell("any", verb)
        assert result.returncode == 0, result.stderr
        assert left(unit) == stays
    assert "daemon-reexec" in (unit.base / "orders").read_text()


def test_what_others_have_beside_our_files_stays(unit: Unit) -> None:
    assert unit.shell("r1", f"(unit_install); {OPTIONS}").returncode == 0
    others = [unit.base / "units/maskgate.service.d/mine.conf", unit.base / "system.conf.d/mine.conf"]
    for other in others:
        other.touch()
    assert unit.shell("any", "unit_uninstall").returncode == 0
    assert [list(other.parent.iterdir()) for other in others] == [[other] for other in others]


def test_the_growing_delay_is_only_for_a_systemd_that_knows_it(unit: Unit) -> None:
    drop_in = unit.base / "units/maskgate.service.d/10-backoff.conf"
    unit.shell("r1", "unit_install")
    assert drop_in.is_file()
    systemctl = (unit.machine.tools / "systemctl").read_text().partition("\n")[2]
    unit.machine.has("systemctl", systemctl.replace("systemd 257", "systemd 252"))
    unit.shell("r1", "unit_install")
    assert not drop_in.exists()


def test_an_option_is_a_drop_in_that_an_upgrade_keeps_and_uninstalling_removes(unit: Unit) -> None:
    drop_in = unit.base / "units/maskgate.service.d/20-reboot.conf"
    unit.shell("r1", "unit_install")
    assert unit.shell("any", "unit_option reboot on").returncode == 0
    assert "reboot             on" in unit.shell("any", "unit_option").stdout
    unit.shell("r2", "unit_install")
    assert "StartLimitAction=reboot" in drop_in.read_text()
    unit.shell("any", "unit_option reboot off")
    assert not drop_in.exists()
    unit.shell("any", "unit_option reboot on; unit_uninstall")
    assert not drop_in.exists()
    assert (unit.base / "etc/maskgate.toml").exists()
    assert not (unit.base / "opt").exists()


@pytest.mark.parametrize(("source", "network"), [
    ("rtsp://10.0.0.2/a", True), ("RTSP://10.0.0.2/a", True), ("credential:camera", True), ("picamera", False), ("/srv/clip.mp4", False)])
def test_the_service_gets_a_network_where_the_settings_name_an_address(unit: Unit, source: str, network: bool) -> None:
    building = f"""echo '[ "$1 $2" != "config show" ] || printf "[camera]\\nsource = \\"{source}\\"\\n"' >>"$release/bin/maskgate" """
    result = unit.shell("r1", "unit_install", building=building)
    assert result.returncode == 0, result.stderr
    assert (unit.base / "units/maskgate.service.d/20-network.conf").exists() is network
