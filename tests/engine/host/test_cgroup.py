"""Units and containers, by the paths that systemd and the container runtimes give to cgroups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.engine.host.cgroup import Container, container_of, group_of, path_of, unit_of

ID = "0123456789abcdef" * 4
POD = "kubepods-burstable-pod5c0a3b1e_8a7f_4b7c_9d8e_1f2a3b4c5d6e.slice"


@pytest.mark.parametrize(
    ("path", "runtime"),
    [
        (f"/system.slice/docker-{ID}.scope", "docker"),
        (f"/docker/{ID}", "docker"),
        (f"/docker/{ID}/init.scope", "docker"),
        (f"/system.slice/docker.service/docker/{ID}", "docker"),
        (f"/kubepods.slice/kubepods-burstable.slice/{POD}/cri-containerd-{ID}.scope", "containerd"),
        (f"/system.slice/containerd.service/{POD}:cri-containerd:{ID}", "containerd"),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd"),
        (f"/kubepods.slice/{POD}/crio-{ID}.scope", "cri-o"),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman"),
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", "podman"),
        (f"/libpod_parent/libpod-{ID}", "podman"),
        (f"/kubepods/besteffort/pod5c0a3b1e-8a7f/{ID}", "kubernetes"),
        (f"/ecs/task-17/{ID}", "ecs"),
        (f"/somewhere/{ID}", "container"),
    ],
)
def test_a_container_is_known_by_its_cgroup(path: str, runtime: str) -> None:
    assert container_of(path) == Container("0123456789ab", runtime)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/system.slice/ssh.service", "/user.slice/user-0.slice/session-3.scope"),
        *(f"/machine.slice/libpod-conmon-{ID}.scope", f"/system.slice/crio-conmon-{ID}.scope"),
        *(f"/docker/{ID[:63]}", f"/docker/{ID.upper()}", f"/x-{ID}.scope"),
    ],
)
def test_what_is_no_container_is_none(path: str) -> None:
    assert container_of(path) is None


def test_a_container_in_a_container_is_the_inner_one() -> None:
    inner = "f" * 64
    assert container_of(f"/docker/{ID}/docker/{inner}") == Container("f" * 12, "docker")


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/system.slice/nginx.service", "nginx.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.service/sub", "app-x.service"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
        ("/user.slice/user-1000.slice", "user-1000.slice"),
        ("/system.slice/x.service/inner.slice", "x.service"),
        ("/", ""),
        ("", ""),
    ],
)
def test_the_unit_is_the_innermost_service_or_scope_else_slice(path: str, unit: str) -> None:
    assert unit_of(path) == unit


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"0::/a/b\n", "/a/b"),
        (b"0::/a:b\n", "/a:b"),
        (b"12:pids:/x\n1:name=systemd:/a.service\n0::/\n", "/a.service"),
        (b"9:name=systemd:/\n4:memory:/m\n0::/\n", "/m"),
        (b"3:cpu,cpuacct:/c\n", "/c"),
        (b"1:name=systemd:/a.service\n0::/a.service/sub\n", "/a.service/sub"),
        (b"0::/\n", "/"),
        (b"", ""),
        (b"nonsense", ""),
        (b"0::/\xff\n", "/�"),
    ],
)
def test_the_path_is_taken_from_either_version_of_cgroups(content: bytes, path: str) -> None:
    assert path_of(content) == path


@given(st.binary())
def test_any_content_gives_a_path_and_any_path_an_answer(content: bytes) -> None:
    path = path_of(content)
    assert unit_of(path) in ("", *path.split("/"))
    found = container_of(path)
    assert found is None or len(found.id) == 12


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("", ""),
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/system.slice/nginx.service/worker", "/system.slice/nginx.service"),
        ("/user.slice/user-0.slice", "/user.slice/user-0.slice"),
        (f"/docker/{ID}/init.scope", f"/docker/{ID}"),
        (f"/system.slice/docker-{ID}.scope/a/b", f"/system.slice/docker-{ID}.scope"),
    ],
)
def test_the_group_of_a_process_ends_with_its_container_or_unit(path: str, group: str) -> None:
    assert group_of(path) == group
