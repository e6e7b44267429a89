"""What bpftrace gets of the command line that a user has pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.host.included_files import GivenFiles
from bttop.engine.tracer import launch
from bttop.engine.tracer.given_settings import absolute_options, files_of, kept_settings, left_out_settings, renamed
from bttop.model.record.release import Release

OWN = launch.environment(
    Release(0, 17), cpus=2, user_stacks=True, one_process=False, all_probes=True
) | launch.environment(Release(0, 27), cpus=2, user_stacks=True, one_process=False, all_probes=True)


@pytest.mark.parametrize("name", [name for name in OWN if name.startswith("BPFTRACE_")])
def test_a_variable_that_bttop_sets_itself_is_left_out_and_named(name: str) -> None:
    assert kept_settings(((name, "7"),)) == ()
    assert list(left_out_settings(((name, "7"),))) == [f"{name}=7"]


@pytest.mark.parametrize(
    ("name", "release", "expected"),
    [
        ("BPFTRACE_STRLEN", Release(0, 17), "BPFTRACE_STRLEN"),
        ("BPFTRACE_STRLEN", Release(0, 20), "BPFTRACE_MAX_STRLEN"),
        ("BPFTRACE_MAX_STRLEN", Release(0, 17), "BPFTRACE_STRLEN"),
        ("BPFTRACE_MAX_STRLEN", Release(0, 27), "BPFTRACE_MAX_STRLEN"),
        ("BPFTRACE_CAT_BYTES_MAX", Release(0, 23), "BPFTRACE_MAX_CAT_BYTES"),
        ("BPFTRACE_MAX_PROBES", Release(0, 17), "BPFTRACE_MAX_PROBES"),
    ],
)
def test_a_variable_has_the_name_that_the_release_knows(name: str, release: Release, expected: str) -> None:
    assert renamed(((name, "9"),), release) == {expected: "9"}
    given = launch.environment(
        release, cpus=2, user_stacks=False, one_process=False, all_probes=True, given=((name, "9"),)
    )
    assert given[expected] == "9"


def test_paths_are_absolute_and_headers_of_the_system_keep_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.h").write_text("")
    options = ("--include", "linux/fs.h", "--include", "mine.h", "-I", "inc", "-k", "--no-feature", "x")
    found = absolute_options(options)
    mine, inc = str(tmp_path / "mine.h"), str(tmp_path / "inc")
    assert found == ("--include", "linux/fs.h", "--include", mine, "-I", inc, "-k", "--no-feature", "x")
    settings = kept_settings((("BPFTRACE_KERNEL_SOURCE", "src"), ("BPFTRACE_STRLEN", "9")))
    assert settings == (("BPFTRACE_KERNEL_SOURCE", str(tmp_path / "src")), ("BPFTRACE_STRLEN", "9"))
    expected = GivenFiles((tmp_path / "inc",), ("linux/fs.h", mine), (tmp_path / "src",))
    assert files_of(found, settings) == expected
