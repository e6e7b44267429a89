from __future__ import annotations

from pathlib import Path

from bttop.engine.host.block_devices import block_devices


def test_devices_have_the_names_of_their_links(tmp_path: Path) -> None:
    (tmp_path / "253:0").symlink_to("../../devices/pci0000:00/virtio1/block/vda")
    (tmp_path / "253:1").symlink_to("../../devices/pci0000:00/virtio1/block/vda/vda1")
    (tmp_path / "8:0").write_text("no link")
    assert block_devices(tmp_path) == {"253:0": "vda", "253:1": "vda1"}


def test_without_sysfs_there_are_no_names(tmp_path: Path) -> None:
    assert block_devices(tmp_path / "missing") == {}
