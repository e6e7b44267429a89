"""Files that are cut, torn, foreign or made by a stranger: a clear error, or all that can be read and a sentence."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bttop.model.plan import Column, MapPlan
from bttop.store.snapshot.blocks import compressed
from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.plan_json import plan_object
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import CannotReview
from tests.model.samples import planned
from tests.store.made import Session, made

FLUSHES = 1_200
PLAN = planned(MapPlan("@x", "count", (Column("comm", "text"),), "bank"))
PAGE = 512


def prints(seed: int) -> list[dict[str, tuple[str, object]]]:
    dice = random.Random(seed)
    return [{"@x": ("map", {f"p{dice.random()}": dice.randrange(10**9) for _ in range(20)})} for _ in range(FLUSHES)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    return made(
        folder / "s.bttop", Session("one", PLAN, prints(1)), Session("two", PLAN, prints(2), generation=2, program=2)
    )


@pytest.fixture
def file(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "s.bttop"))


def readable(path: Path) -> tuple[int, list[str]]:
    """How many flushes can be read, and what is said of the others. Raises CannotReview."""
    with Snapshot(path) as snapshot:
        count = sum(1 for program in snapshot.programs for _ in RecordedHistory(snapshot, program.id))
        snapshot.marks()
        return count, snapshot.problems


def tear(path: Path, page: int, seed: int) -> None:
    """Overwrite a page, counted from 0, wholly or by half: with zeros or anything."""
    data = bytearray(path.read_bytes())
    dice = random.Random(seed)
    at = page * PAGE
    half = bytes(PAGE // 2) + data[at + PAGE // 2 : at + PAGE]
    data[at : at + PAGE] = dice.choice([bytes(PAGE), dice.randbytes(PAGE), half])
    path.write_bytes(data)


def page_of(path: Path, generation: int) -> int:
    """A page that holds nothing but a part of a generation's script."""
    database = sqlite3.connect(path)
    (script,) = database.execute("SELECT script FROM generation WHERE id = ?", (generation,)).fetchone()
    database.close()
    return path.read_bytes().index(script[-PAGE // 2 :]) // PAGE


def edited(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    database.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def test_a_whole_file_is_read_without_a_word(file: Path) -> None:
    assert readable(file) == (2 * FLUSHES, [])
    with Snapshot(file) as snapshot:
        assert not checkup(snapshot).faults


@pytest.mark.parametrize("size", [1, 15, 16, 100, 512, PAGE - 1])
def test_a_file_cut_within_its_first_page_is_refused(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(CannotReview):
        Snapshot(file)


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_file_cut_short_gives_what_is_left_and_says_so(file: Path, part: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * part)])
    try:
        count, problems = readable(file)
    except CannotReview:
        assert part < 0.5
        return
    assert count < 2 * FLUSHES
    assert problems


def test_an_empty_file_and_one_of_zeros_are_refused_in_words(tmp_path: Path) -> None:
    for content, why in ((b"", "empty"), (bytes(100_000), "zeros"), (b"#!/bin/sh\n", "not a snapshot of bttop")):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(CannotReview, match=why):
            Snapshot(tmp_path / "x")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    edited(tmp_path / "x", "CREATE TABLE meta (name, value)")
    with pytest.raises(CannotReview, match="another program"):
        Snapshot(tmp_path / "x")


def test_a_newer_format_is_refused_with_what_to_do(file: Path) -> None:
    edited(file, "PRAGMA user_version = 99")
    with pytest.raises(CannotReview, match="format 99") as refused:
        Snapshot(file)
    assert "upgrade" in refused.value.hint


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON mark BEGIN SELECT 1; END",
        "CREATE TABLE more (x)",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "DROP TABLE cost",
        "ALTER TABLE mark ADD COLUMN x",
    ],
)
def test_a_file_with_other_tables_views_or_triggers_is_refused(file: Path, statement: str) -> None:
    edited(file, statement)
    with pytest.raises(CannotReview, match="its tables"):
        Snapshot(file)


def test_a_view_in_the_place_of_a_table_is_never_asked(file: Path) -> None:
    endless = "CREATE VIEW block AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x FROM r) SELECT x AS id FROM r"
    edited(file, "DROP TABLE block", endless)
    with pytest.raises(CannotReview, match="its tables"):
        Snapshot(file)


@pytest.mark.parametrize("seed", range(40))
def test_a_torn_page_costs_its_blocks_and_never_the_rest(file: Path, seed: int) -> None:
    # Behind the pages of the scripts, without which no line can be read.
    pages = file.stat().st_size // PAGE
    tear(file, random.Random(seed).randrange(100, pages), seed)
    try:
        count, problems = readable(file)
    except CannotReview as refused:
        assert refused.hint or refused.cause
        return
    assert count == 2 * FLUSHES or problems
    assert count > 1.5 * FLUSHES


@pytest.mark.parametrize("page", range(30))
def test_a_torn_page_of_what_the_file_is_about_is_said_or_refused_in_words(file: Path, page: int) -> None:
    tear(file, page, page)
    try:
        count, problems = readable(file)
        with Snapshot(file) as snapshot:
            faults = checkup(snapshot).faults
    except CannotReview as refused:
        assert refused.hint or refused.cause
        return
    assert count == 2 * FLUSHES or (problems and faults)


def test_a_torn_script_costs_its_own_program_and_no_other(tmp_path: Path) -> None:
    # So long that it has pages of its own.
    texts = [f"// {random.Random(seed).randbytes(2_000).hex()}\n" for seed in (1, 2)]
    sessions = [
        Session(f"p{at}", PLAN, prints(at)[:100], text=text, generation=at, program=at)
        for at, text in enumerate(texts, 1)
    ]
    file = made(tmp_path / "s.bttop", *sessions)
    tear(file, page_of(file, 1), 1)
    count, problems = readable(file)
    assert count == 100
    assert any("generation 1" in problem for problem in problems)
    with Snapshot(file) as snapshot:
        assert any("generation 1 is missing" in fault for fault in checkup(snapshot).faults)


def test_programs_whose_names_are_lost_are_numbered(file: Path) -> None:
    edited(file, "DELETE FROM program WHERE id = 2")
    with Snapshot(file) as snapshot:
        assert [program.name for program in snapshot.programs] == ["one", "program 2"]
    assert readable(file)[0] == 2 * FLUSHES


@pytest.mark.parametrize("seed", range(10))
def test_many_torn_pages_are_refused_or_give_what_is_left(file: Path, seed: int) -> None:
    data = bytearray(file.read_bytes())
    dice = random.Random(seed)
    pages = len(data) // PAGE
    for page in dice.sample(range(1, pages), pages // 10):
        data[page * PAGE : (page + 1) * PAGE] = dice.randbytes(PAGE)
    file.write_bytes(data)
    try:
        count, problems = readable(file)
        with Snapshot(file) as snapshot:
            assert checkup(snapshot).faults
    except CannotReview as refused:
        assert refused.cause
        return
    assert problems
    assert count < 2 * FLUSHES


def script(**edits: object) -> str:
    """What ran, with some of it edited, as a literal of SQL."""
    whole = {"text": "", "prepared": "", "args": [], "plan": plan_object(PLAN), "badges": []}
    return f"x'{compressed(json.dumps(whole | edits)).hex()}'"


def damage(table: str, column: str, value: str) -> Callable[[Path], None]:
    return lambda path: edited(path, f"UPDATE {table} SET {column} = {value} WHERE id % 3 = 1")


@pytest.mark.parametrize(
    "harm",
    [
        damage("block", "codec", "'lzma'"),
        damage("block", "data", "x'00'"),
        damage("block", "data", "'text'"),
        damage("block", "generation", "77"),
        damage("block", "generation", "'x'"),
        damage("generation", "script", "x'00'"),
        damage("generation", "script", "'text'"),
        damage("generation", "script", script(plan={})),
        damage("generation", "script", script(plan=[1])),
        damage("generation", "script", script(badges=[[1]])),
        damage("generation", "script", script(args=None)),
        damage("generation", "first_shown_ns", "'soon'"),
    ],
)
def test_an_edited_file_gives_the_rest_and_says_what_is_left_out(file: Path, harm: Callable[[Path], None]) -> None:
    harm(file)
    count, problems = readable(file)
    assert 0 < count < 2 * FLUSHES
    assert problems


@pytest.mark.parametrize(
    "harm",
    [
        damage("block", "flushes", "1000000"),
        damage("block", "first_flush", "-5"),
        damage("block", "begin_ns", "-9223372036854775807"),
        damage("generation", "first_shown_ns", "9223372036854775807"),
    ],
)
def test_wrong_numbers_never_raise(file: Path, harm: Callable[[Path], None]) -> None:
    harm(file)
    with Snapshot(file) as snapshot:
        for program in snapshot.programs:
            history = RecordedHistory(snapshot, program.id)
            for index in (0, 1, 500, len(history) - 1, -1, 10**9):
                history.at(index)
            history.index_at(1 << 40)
            assert len(history.window(60)) <= 60


def test_verify_finds_an_edited_script(file: Path) -> None:
    edited(file, f"UPDATE generation SET script = {script(text='tracepoint:x:y { }')} WHERE id = 2")
    with Snapshot(file) as snapshot:
        assert any("generation 2" in fault for fault in checkup(snapshot).faults)


def test_a_log_that_is_missing_loses_only_what_was_in_it(file: Path, tmp_path: Path) -> None:
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute("DELETE FROM block WHERE id > 10")
    database.commit()
    alone = Path(shutil.copy(file, tmp_path / "alone.bttop"))
    database.close()
    assert readable(alone)[0] == 2 * FLUSHES


def test_a_log_that_was_left_behind_is_read(file: Path, tmp_path: Path) -> None:
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("INSERT INTO mark VALUES (NULL, 0, 1, 2, 'user', 'here')")
    database.commit()
    for name in ("s.bttop", "s.bttop-wal"):
        shutil.copy(tmp_path / name, tmp_path / name.replace("s.", "t."))
    database.close()
    with Snapshot(tmp_path / "t.bttop") as snapshot:
        assert [mark.note for mark in snapshot.marks()] == ["here"]


def test_garbage_in_the_log_is_not_believed(file: Path, tmp_path: Path) -> None:
    edited(file, "PRAGMA journal_mode = WAL")
    (tmp_path / "s.bttop-wal").write_bytes(random.Random(1).randbytes(100_000))
    assert readable(file)[0] == 2 * FLUSHES
