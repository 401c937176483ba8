"""Network file systems are recognised by the mount table."""

from __future__ import annotations

from pathlib import Path

import pytest

from osetra.errors import StoreError
from osetra.stores import SqliteStore
from osetra.stores.sqlite.place import network_mount

REMOTE = ["nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "fuse.sshfs", "fuse.glusterfs"]


def _table(tmp_path: Path, *lines: str) -> Path:
    table = tmp_path / "mounts"
    table.write_text("".join(f"{line} rw,relatime 0 0\n" for line in lines))
    return table


@pytest.mark.parametrize("kind", REMOTE)
def test_network_file_system_is_refused_with_a_way_out(tmp_path: Path, kind: str) -> None:
    mounts = _table(tmp_path, "/dev/sda / ext4", f"server:/x {tmp_path} {kind}")
    with pytest.raises(StoreError, match=rf"{tmp_path} is a network file system \({kind}\).*local disk"):
        SqliteStore(tmp_path / "a.db", mounts=mounts)
    assert list(tmp_path.iterdir()) == [mounts]


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "fuse.fuse-overlayfs"])
def test_local_disk_is_welcome(tmp_path: Path, kind: str) -> None:
    mounts = _table(tmp_path, "server:/ / nfs4", f"disk {tmp_path} {kind}")
    assert SqliteStore(tmp_path / "a.db", mounts=mounts).append([]) == 0


def test_only_the_nearest_mount_counts(tmp_path: Path) -> None:
    mounts = _table(tmp_path, "/dev/sda / ext4", "server:/x /home nfs4", "/dev/sdb /home/ada/disk ext4")
    assert network_mount(Path("/home/ada/a.db"), mounts) == ("nfs4", "/home")
    assert network_mount(Path("/home/ada/disk/a.db"), mounts) is None
    assert network_mount(Path("/homestead/a.db"), mounts) is None


def test_later_mount_on_the_same_point_counts(tmp_path: Path) -> None:
    mounts = _table(tmp_path, "server:/x /data nfs4", "/dev/sdb /data ext4")
    assert network_mount(Path("/data/a.db"), mounts) is None


def test_mount_point_with_a_space(tmp_path: Path) -> None:
    mounts = _table(tmp_path, r"server:/x /my\040data cifs")
    assert network_mount(Path("/my data/a.db"), mounts) == ("cifs", "/my data")


def test_no_mount_table_means_local(tmp_path: Path) -> None:
    assert network_mount(tmp_path / "a.db", tmp_path / "absent") is None
