"""Cgroups found by path, unit and container, below a mount that a test has made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.host.cgroup_tree import MOST_FOLDERS, mount_of, pin_to_cgroup
from bttop.script.process.pin import Pin

ID = "0123456789abcdef" * 4
NGINX = "system.slice/nginx.service"
POD = f"kubepods.slice/pod 1/cri-containerd-{ID}.scope"


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    top = tmp_path / "the cgroups"
    for below in (f"{NGINX}/worker", f"{NGINX}/cache", "system.slice/ssh.service", POD):
        (top / below).mkdir(parents=True)
    return top


@pytest.fixture
def mounts(tmp_path: Path, mount: Path) -> Path:
    told = tmp_path / "mounts"
    told.write_text(
        "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
        "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
        f"cgroup2 {str(mount).replace(' ', chr(92) + '040')} cgroup2 rw 0 0\n"
    )
    return told


def test_the_mount_of_version_2_is_found_whatever_stands_around_it(mounts: Path, mount: Path) -> None:
    assert mount_of(mounts) == mount


@pytest.mark.parametrize("text", ["nginx.service", f"/{NGINX}", "{mount}/" + NGINX])
def test_a_unit_and_its_path_are_the_same_pin_with_what_is_below(text: str, mounts: Path, mount: Path) -> None:
    top = mount / NGINX
    expected = Pin(cgroups=(str(top), f"{top}/cache", f"{top}/worker"))
    assert pin_to_cgroup(text.format(mount=mount), mounts) == expected


@pytest.mark.parametrize("text", [ID, ID[:12], f"containerd {ID[:12]}", f"/{POD}"])
def test_a_container_is_found_by_its_id(text: str, mounts: Path, mount: Path) -> None:
    assert pin_to_cgroup(text, mounts) == Pin(cgroups=(str(mount / POD),))


@pytest.mark.parametrize("text", ["none.service", "/none", "/../..", "0" * 12, "{mount}/none"])
def test_what_is_not_there_is_said(text: str, mounts: Path, mount: Path) -> None:
    text = text.format(mount=mount)
    assert pin_to_cgroup(text, mounts) == f"there is no cgroup {text} below {mount}"


def test_a_host_without_version_2_says_so(tmp_path: Path) -> None:
    told = tmp_path / "mounts"
    told.write_text("cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n")
    assert pin_to_cgroup("/", told) == "cgroup v2 is not mounted here, and bpftrace supports no other version"


def test_more_cgroups_than_a_predicate_should_hold_are_refused_with_their_number(mounts: Path, mount: Path) -> None:
    for number in range(MOST_FOLDERS):
        (mount / "many.slice" / f"{number}.scope").mkdir(parents=True)
    assert pin_to_cgroup("many.slice", mounts) == "many.slice has 64 cgroups below it; at most 63 can be pinned at once"
