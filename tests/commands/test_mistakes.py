"""What a mistyped command line is told: the mistake, and the word that was meant."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bttop.cli import main
from bttop.commands.options.arguments import tracing_parser
from bttop.commands.review import review
from bttop.engine.recording.replay import ReplaySession
from bttop.engine.request.questions import Asked, questions
from bttop.errors import UsageError
from bttop.model.plan import MapPlan
from bttop.paths import shipped
from bttop.script.library.probe_files import Library
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import parse_time
from tests.model.samples import planned
from tests.store.made import Session, made


@pytest.mark.parametrize("command", [[], ["stream"], ["record"], ["probes"]])
@pytest.mark.parametrize("words", [[], ["syscalls"]])
def test_a_folder_that_does_not_exist_is_refused_by_every_command_that_takes_one(
    command: list[str], words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "nope"
    assert main([*command, *words, "--probes", str(missing)]) == 2
    assert f"{missing}: No such file or directory" in capfd.readouterr().err


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bt").touch()
    with pytest.raises(UsageError, match="Not a directory"):
        tracing_parser("bttop", "").parse_args(["--probes", str(tmp_path / "x.bt")])


@pytest.mark.parametrize(
    ("words", "cause", "fixed"),
    [
        (["stream", "-H"], "-H/--host: it needs HOST: trace this host, over ssh", ["stream", "-H", "HOST"]),
        (["-H", "--for", "5s"], "-H/--host: it needs HOST: trace this host", ["-H", "HOST", "--for", "5s"]),
        (
            ["review", "x", "--host"],
            "it needs HOST: only this host of the recording",
            ["review", "x", "--host", "HOST"],
        ),
        (["-p"], "-p/--pin: it needs PID: trace only this process", ["-p", "PID"]),
        (["--budget"], "detached\n", ["--budget", "PERCENT"]),
        (["stream", "-H", ""], "hosts: '' has no host: a name is missing", ["-H", "HOST"]),
        (["stream", "-H", "sudo:"], "hosts: 'sudo:' has no host: a name is missing", ["-H", "HOST"]),
    ],
)
def test_an_option_without_its_value_is_told_what_it_needs_and_where(
    words: list[str],
    cause: str,
    fixed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/bttop", *words])
    assert main(words) == 2
    said = capfd.readouterr().err
    assert cause in said
    assert said.splitlines()[-1].split() == ["bttop", *fixed]


@pytest.mark.parametrize(
    ("word", "meant", "hint"),
    [
        ("sycalls", "did you mean syscalls?", " syscalls"),
        ("vfs-read", "did you mean vfs_read?", " vfs_read"),
        ("recrod", "did you mean command record?", " record"),
        ("exprot", "did you mean command export?", " export"),
        ("zzz", "this lists them:", " probes"),
    ],
)
def test_a_misspelt_name_is_told_the_one_that_was_meant(word: str, meant: str, hint: str) -> None:
    library = Library.load([shipped("probes")])
    with pytest.raises(UsageError) as error:
        questions(library, Asked(names=[word], commands=("record", "export")))
    assert error.value.cause == f"there is no probe {word!r}; {meant}"
    assert error.value.hint.endswith(hint)


def test_the_command_that_fixes_a_misspelt_name_is_the_one_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bttop", "stream", "sycalls", "--for", "5s"])
    with pytest.raises(UsageError) as error:
        questions(Library.load([shipped("probes")]), Asked(names=["sycalls"]))
    assert error.value.hint.endswith("bttop stream syscalls --for 5s")


@pytest.mark.parametrize("at", ["+2h", "-2h", "1999-01-01T00:00:00", "2099-01-01T00:00:00"])
def test_a_time_outside_the_recording_is_refused_with_the_times_that_it_has(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(MapPlan("@x", "count", (), "bank"))
    path = made(tmp_path / "s.bttop", Session("one", plan, [{"@x": ("map", 1)}] * 3))
    monkeypatch.setattr("bttop.commands.review.check_terminal", lambda hint="": None)
    with pytest.raises(
        UsageError, match=rf"--at {at.replace('+', '.')} is outside the recording: it lasts from 20"
    ) as error:
        review(path, at)
    words = shlex.split(error.value.hint)
    assert words[-4:-1] == ["review", str(path), "--at"]
    with Snapshot(path) as snapshot:
        replay = ReplaySession(snapshot)
        assert replay.begin.boot_ns <= parse_time(words[-1], replay.begin, replay.end) <= replay.end.boot_ns


@pytest.mark.parametrize(
    "command", [["report", "-o", "-"], ["summary"], ["diff", "--summary", "{whole}"], ["export", "--format", "csv"]]
)
def test_a_recording_of_which_nothing_can_be_read_is_called_damaged(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, damaged = shipped("snapshots") / "incident.bttop", tmp_path / "d.bttop"
    damaged.write_bytes(whole.read_bytes()[:20_000])
    assert main([*[word.format(whole=whole) for word in command], str(damaged)]) == 1
    err = capsys.readouterr().err
    assert "that can be read: the file was cut short" in err
    assert f"verify {damaged}" in err
