"""Files of another host."""

from __future__ import annotations

from base64 import b64encode

import pytest

from bttop.engine.host.folder import FarFiles


def files() -> FarFiles:
    found = FarFiles()
    content = {"/proc/1/stat": b64encode(b"1 (a) S").decode(), "/proc/2/stat": "abc"}
    found.add(content, {"/proc/1/exe": "/bin/a"}, ["/t/events/x/y/format"])
    return found


def test_what_was_read_is_there() -> None:
    root = files().root()
    assert (root / "proc/1/stat").read_bytes() == b"1 (a) S"
    assert str((root / "proc/1/exe").readlink()) == "/bin/a"
    assert (root / "t/events/x").is_dir()
    assert not (root / "t/events/z").exists()


@pytest.mark.parametrize("path", ["proc/2/stat", "proc/3/stat", "t/events/x/y/format"])
def test_what_was_not_read_raises_as_a_missing_file(path: str) -> None:
    with pytest.raises(FileNotFoundError):
        (files().root() / path).read_text()


def test_a_known_file_that_was_not_read_is_wanted() -> None:
    found = files()
    with pytest.raises(FileNotFoundError):
        (found.root() / "t/events/x/y/format").read_text()
    assert found.wanted == {"/t/events/x/y/format"}
    found.add({"/t/events/x/y/format": b64encode(b"x").decode()}, {}, [])
    assert not found.wanted


def test_patterns_match_part_by_part() -> None:
    assert [one.name for one in (files().root() / "t/events").glob("*/*/format")] == ["format"]
    assert not list((files().root() / "t").glob("*/format"))
