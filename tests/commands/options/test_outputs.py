"""What commands write into files: all of it or nothing, never in the place of something else, and as root never where
another user could put something else in its place. Each test goes through every command and format."""

from __future__ import annotations

import errno
import functools
import os
import resource
import stat
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from bttop.cli import main
from bttop.commands.options.outputs import writing
from bttop.errors import BttopError, UsageError
from tests.store.export.kit import snapshot_file
from tests.test_cli import GOOD, Shell

OTHER: Final = 60123
AS_ROOT: Final = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")


class Output(NamedTuple):
    """How something is written; the snapshot that it is made from is `s.bttop` of the current folder."""

    words: Sequence[str]
    """The command without its output."""
    name: str
    """Of the file, or of the folder."""

    def to(self, place: Path) -> list[str]:
        return [*self.words, "-o", str(place)]


OUTPUTS: Final = {
    "export jsonl": Output(("export", "s.bttop"), "out.jsonl"),
    "export csv": Output(("export", "s.bttop", "--map", "@sizes"), "out.csv"),
    "export parquet": Output(("export", "s.bttop", "--map", "@sizes"), "out.parquet"),
    "export folded": Output(("export", "s.bttop"), "out.folded"),
    "export speedscope": Output(("export", "s.bttop"), "out.json"),
    "export csv, a folder": Output(("export", "s.bttop", "--format", "csv"), "tables"),
    "export parquet, a folder": Output(("export", "s.bttop", "--format", "parquet"), "tables"),
    "report": Output(("report", "s.bttop"), "out.html"),
    "record": Output(("record", "-e", GOOD, "--for", "0.3s"), "out.bttop"),
}
EVERY: Final = pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
FOLDERS: Final = [name for name in OUTPUTS if name.endswith("folder")]
FILES: Final = [name for name in OUTPUTS if name not in FOLDERS]
EVERY_FILE: Final = pytest.mark.parametrize("output", [OUTPUTS[name] for name in FILES], ids=FILES)
REPLACING: Final = pytest.mark.parametrize("output", [OUTPUTS["report"], OUTPUTS["record"]], ids=["report", "record"])


class Bttop:
    """Runs bttop in a folder with a snapshot: in this process, or where it traces with a stand-in for bpftrace."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell = Shell(folder)
        self.folder = folder
        self._capsys = capsys

    def __call__(self, words: Sequence[str]) -> tuple[int, str]:
        """The exit code, and what is said on standard error."""
        if words[0] == "record":
            names = ("SUDO_UID", "SUDO_GID")
            done = self.shell.run(*words, more={name: os.environ[name] for name in names if name in os.environ})
            return done.returncode, done.stderr
        code = main(words)
        return code, self._capsys.readouterr().err

    def refuses(self, words: Sequence[str]) -> str:
        """What a command that fails says."""
        code, says = self(words)
        assert code in (1, 2), says
        assert "Traceback" not in says
        return says

    def writes(self, words: Sequence[str]) -> None:
        """The command ends in order."""
        code, says = self(words)
        assert code == 0, says


@pytest.fixture
def bttop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bttop:
    snapshot_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)
    return Bttop(tmp_path, capsys)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def full_after(size: int) -> Callable[[], None]:
    """No file takes more than so many bytes; Python ignores the signal that comes with it."""
    return functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize(
    ("output", "size"),
    [*((output, 0) for output in OUTPUTS.values()), *((OUTPUTS[name], 200) for name in FOLDERS)],
    ids=[*OUTPUTS, *(f"{name} with one of its files" for name in FOLDERS)],
)
def test_a_full_disk_leaves_nothing_and_the_next_try_writes_all(bttop: Bttop, output: Output, size: int) -> None:
    before = names(bttop.folder)
    # Python would leave the beginnings of its own compiled modules, and read them the next time.
    uncached = {"PYTHONDONTWRITEBYTECODE": "1"}
    done = bttop.shell.run(*output.to(bttop.folder / output.name), preexec_fn=full_after(size), more=uncached)
    assert done.returncode == 1
    assert any(why in done.stderr for why in ("File too large", "full", "disk I/O error")), done.stderr
    assert "Traceback" not in done.stderr
    assert names(bttop.folder) == before
    bttop.writes(output.to(bttop.folder / output.name))
    assert names(bttop.folder) == {*before, output.name}


@pytest.mark.parametrize(
    "words",
    [
        ("export", "s.bttop"),
        ("export", "s.bttop", "--map", "@sizes", "--format", "csv"),
        ("export", "s.bttop", "--format", "folded"),
        ("report", "s.bttop", "-o", "-"),
        ("diff", "s.bttop", "s.bttop"),
    ],
    ids=["export jsonl", "export csv", "export folded", "report", "diff"],
)
def test_a_full_standard_output_is_a_failure(bttop: Bttop, words: Sequence[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = bttop.shell.run(*words, stdout=full, capture_output=False, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "cannot write: standard output: No space left on device\n"


@EVERY_FILE
def test_what_is_there_stays(bttop: Bttop, output: Output) -> None:
    place = bttop.folder / output.name
    place.write_text("mine")
    assert f"{output.name} is there already" in bttop.refuses(output.to(place))
    assert place.read_text() == "mine"


@REPLACING
def test_a_file_is_replaced_where_that_is_asked_for(bttop: Bttop, output: Output) -> None:
    place = bttop.folder / output.name
    place.write_text("mine")
    bttop.writes([*output.to(place), "--overwrite"])
    assert place.read_bytes() != b"mine"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@REPLACING
@pytest.mark.parametrize("kind", ["a folder", "a link", "a FIFO", "a device"])
def test_only_a_file_is_replaced(bttop: Bttop, output: Output, kind: str) -> None:
    place, target = bttop.folder / output.name, bttop.folder / "target"
    if kind == "a folder":
        place.mkdir()
    elif kind == "a link":
        target.write_text("precious")
        place.symlink_to(target)
    elif kind == "a FIFO":
        os.mkfifo(place)
    elif os.geteuid() == 0:
        os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    else:
        place = Path("/dev/null")
    before = place.lstat()
    assert f"it is {kind}, and only a file is replaced" in bttop.refuses([*output.to(place), "--overwrite"])
    assert place.lstat() == before
    assert not target.exists() or target.read_text() == "precious"


@EVERY
def test_a_folder_that_is_not_there_is_said_and_not_made(bttop: Bttop, output: Output) -> None:
    before = names(bttop.folder)
    says = bttop.refuses(output.to(Path("no") / output.name))
    assert "there is no folder no\n  mkdir" in says
    assert names(bttop.folder) == before


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "t.csv", tmp_path / "file" / "lake" / "host=web1" / "s.parquet"):
        with pytest.raises(UsageError) as raised, writing(path, instead="another -o OUT"):
            path.write_text("")
        assert raised.value.cause == f"{tmp_path / 'file'} is not a folder"
        assert raised.value.hint == "another -o OUT"


def test_a_folder_that_cannot_be_made_is_said_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BttopError) as raised, writing(tmp_path / "lake" / "s.parquet", instead=""):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert raised.value.cause == f"{tmp_path / 'lake' / 's.parquet'}: Read-only file system"
    assert raised.value.hint == f"ls -ld {tmp_path}; df -h {tmp_path}"


@AS_ROOT
@EVERY
@pytest.mark.parametrize("open_to", ["everybody", "its owner", "the owner of a folder above"])
def test_root_writes_nothing_where_another_user_could_swap_names(bttop: Bttop, output: Output, open_to: str) -> None:
    folder = bttop.folder / "outer" / "theirs"
    folder.mkdir(parents=True)
    if open_to == "everybody":
        folder.chmod(0o777)
    else:
        os.chown(folder if open_to == "its owner" else folder.parent, OTHER, OTHER)
    says = bttop.refuses(output.to(folder / output.name))
    assert "may be written by everybody; who" in says or f"belongs to uid {OTHER}; who" in says
    assert f"-o ~/{output.name}" in says
    assert not names(folder)


@AS_ROOT
@EVERY
def test_in_a_sticky_folder_root_writes_what_is_opened_once(bttop: Bttop, output: Output) -> None:
    """A recording is opened again by SQLite, with files beside it whose names are known beforehand."""
    folder = bttop.folder / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    if output is OUTPUTS["record"]:
        assert "who may write there could read or replace" in bttop.refuses(output.to(folder / output.name))
        assert not names(folder)
    else:
        bttop.writes(output.to(folder / output.name))
        assert names(folder) == {output.name}


@AS_ROOT
@EVERY
def test_what_sudo_writes_belongs_to_its_caller_in_their_folder(
    bttop: Bttop, monkeypatch: pytest.MonkeyPatch, output: Output
) -> None:
    folder = bttop.folder / "home"
    folder.mkdir()
    os.chown(folder, OTHER, OTHER)
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.setenv(name, str(OTHER))
    bttop.writes(output.to(folder / output.name))
    assert {path.stat().st_uid for path in (folder / output.name, *folder.rglob("*"))} == {OTHER}


def test_a_recording_that_does_not_begin_leaves_no_file(bttop: Bttop) -> None:
    before = names(bttop.folder)
    bttop.refuses(["record", "-e", GOOD, "-o", "out.bttop", "--save-when", "nonsense"])
    assert names(bttop.folder) == before


@pytest.mark.parametrize("beside", ["-wal", "-shm", "-journal"])
def test_a_file_that_would_become_part_of_a_recording_is_not_taken_over(bttop: Bttop, beside: str) -> None:
    """Whoever made it would read along by a descriptor that they kept, or have their own pages in the recording."""
    place = bttop.folder / f"out.bttop{beside}"
    place.write_text("theirs")
    with place.open() as kept:
        output = OUTPUTS["record"]
        assert f"out.bttop{beside} is there already" in bttop.refuses(output.to(Path("out.bttop")))
        assert place.read_text() == "theirs"
        bttop.writes([*output.to(Path("out.bttop")), "--overwrite"])
        assert os.fstat(kept.fileno()).st_nlink == 0
        assert kept.read() == "theirs"
    bttop.writes(["verify", "out.bttop"])
