"""What changed between two windows, and how it is told."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.model.plan import Column, MapPlan, Plan
from bttop.store.compare.diff import Diff, Window, diff
from bttop.store.compare.diff_text import WIDTH, as_object, lines
from bttop.store.compare.map_diff import MapDiff
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.frame_names import frame_facts
from bttop.store.snapshot.recording_events import ProcessSeen
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import window
from tests.model.samples import planned
from tests.store.made import FACTS, Session, at, made

Prints = Sequence[Mapping[str, tuple[str, object]]]
COMM = Column("comm", "text")
COUNT = planned(MapPlan("@x", "count", (COMM,), "bank"))
BY_PID = planned(MapPlan("@x", "count", (Column("pid", "int"), COMM), "bank", pid="pid"))
HIST = planned(MapPlan("@lat", "hist", (COMM,), "bank", unit="us"))
STACKS = planned(MapPlan("@s", "count", (COMM, Column("ustack", "stack")), "bank"))
FLUSHES = 40


def counts(rates: Mapping[str, float], seed: int = 1) -> Prints:
    """Forty flushes of counts that vary by their roots, as steady streams do."""
    rng = random.Random(seed)
    return [
        {"@x": ("map", {key: drawn for key, rate in rates.items() if (drawn := round(rng.gauss(rate, rate**0.5))) > 0})}
        for _ in range(FLUSHES)
    ]


def compared(folder: Path, plan: Plan, before: Prints, after: Prints) -> Diff:
    """Two recordings, one of each; closed again, since a comparison holds all that it needs."""
    files = [
        made(folder / f"{name}.bttop", Session("p", plan, prints)) for name, prints in (("a", before), ("b", after))
    ]
    with Snapshot(files[0]) as first, Snapshot(files[1]) as last:
        found = diff(whole(first), whole(last))
        assert list(lines(found, 10))
        return found


def whole(snapshot: Snapshot, first: str | None = None, last: str | None = None) -> Window:
    span = extent(snapshot)
    assert span is not None
    return Window(snapshot, *window(first, last, *span))


def only(found: Diff) -> MapDiff:
    assert len(found.maps) == 1
    return found.maps[0]


def test_what_changed_most_leads_and_what_did_not_is_counted(tmp_path: Path) -> None:
    found = only(
        compared(
            tmp_path,
            COUNT,
            counts({"java": 500, "steady": 300, "small": 4, "old": 60}),
            counts({"java": 900, "steady": 300, "small": 6, "fresh": 80}, 2),
        )
    )
    assert [change.key for change in found.changes][:3] == ["java", "fresh", "old"]
    assert "steady" not in {change.key for change in found.changes}
    assert found.within_noise >= 1
    java, fresh, old = found.changes[:3]
    assert java.before == pytest.approx(500, rel=0.05)
    assert java.after == pytest.approx(900, rel=0.05)
    assert fresh.is_new
    assert not fresh.is_gone
    assert old.is_gone


def test_a_thousand_small_keys_that_come_and_go_are_no_change(tmp_path: Path) -> None:
    rng = random.Random(7)
    before, after = (
        [{"@x": ("map", {f"k{rng.randrange(1000)}": 1 for _ in range(20)})} for _ in range(FLUSHES)] for _ in "ab"
    )
    assert only(compared(tmp_path, COUNT, before, after)).changes == ()


def test_one_burst_does_not_lead(tmp_path: Path) -> None:
    after = [dict(one) for one in counts({"java": 500}, 2)]
    after[7] = {"@x": ("map", {"java": 500, "burst": 100_000})}
    found = only(compared(tmp_path, COUNT, counts({"java": 500}), after))
    assert found.changes == ()


def test_two_recordings_of_the_same_thing_do_not_differ(tmp_path: Path) -> None:
    rates = {f"k{at}": 5.0 * at for at in range(1, 60)}
    assert only(compared(tmp_path, COUNT, counts(rates, 1), counts(rates, 2))).changes == ()


def test_process_ids_are_left_out_between_recordings_and_kept_within_one(tmp_path: Path) -> None:
    before = [{"@x": ("map", {"10,java": 100, "11,java": 100})}] * FLUSHES
    after = [{"@x": ("map", {"77,java": 200})}] * FLUSHES
    found = compared(tmp_path, BY_PID, before, after)
    assert found.drops_ids
    assert only(found).changes == ()
    assert [column.title for column in only(found).plan.columns] == ["comm"]
    one = made(tmp_path / "one.bttop", Session("p", BY_PID, [*before, *after]))
    with Snapshot(one) as snapshot:
        inside = diff(whole(snapshot, None, "+39s"), whole(snapshot, "+39s", None))
    assert {change.key for change in only(inside).changes} == {"10,java", "11,java", "77,java"}
    assert not inside.drops_ids


def test_a_histogram_that_moves_is_told_by_its_percentiles(tmp_path: Path) -> None:
    def prints(low: int) -> Prints:
        bucket = [{"min": low, "max": 2 * low - 1, "count": 50}, {"min": 2 * low, "max": 4 * low - 1, "count": 50}]
        return [{"@lat": ("hist", {"java": bucket})}] * FLUSHES

    found = compared(tmp_path, HIST, prints(8), prints(512))
    change = only(found).changes[0]
    assert change.shift == pytest.approx(1)
    assert change.before == change.after
    with Snapshot(tmp_path / "a.bttop") as first, Snapshot(tmp_path / "b.bttop") as last:
        text = "\n".join(lines(diff(whole(first), whole(last)), 10))
    assert "p50 8-16us -> 512us-1.0ms" in text


def test_stacks_are_compared_by_what_share_each_function_has(tmp_path: Path) -> None:
    def prints(fast: int, slow: int, samples: int) -> Prints:
        rows = {
            "java,\n    fast+1\n    main+2\n": fast * samples,
            "java,\n    slow+1\n    main+2\n    0x7f00\n": slow * samples,
        }
        return [{"@s": ("map", rows)}] * FLUSHES

    found = only(compared(tmp_path, STACKS, prints(9, 1, 10), prints(2, 8, 30)))
    assert found.kind == "shares"
    assert {change.key for change in found.changes} == {"fast", "slow"}
    assert next(one for one in found.changes if one.key == "slow").before == pytest.approx(0.1)
    assert next(one for one in found.changes if one.key == "slow").after == pytest.approx(0.8)


def test_functions_that_bttop_named_are_compared_between_recordings(tmp_path: Path) -> None:
    plan = planned(MapPlan("@s", "count", (Column("pid", "int"), COMM, Column("ustack", "stack")), "bank", pid="pid"))

    def recorded(name: str, pid: int, slow: int) -> Path:
        rows = {f"{pid},java,\n    0x{pid}10\n": 1000 - slow, f"{pid},java,\n    0x{pid}20\n    0x1\n": slow}
        names = {int(f"{pid}10", 16): "fast [app]", int(f"{pid}20", 16): "slow [app]", 1: "[unknown]"}
        seen = ProcessSeen(pid, at(1), frame_facts(names))
        session = Session("p", plan, [{"@s": ("map", rows)}] * FLUSHES)
        return made(tmp_path / f"{name}.bttop", session, others=[seen])

    files = recorded("a", 71, 100), recorded("b", 82, 800)
    with Snapshot(files[0]) as first, Snapshot(files[1]) as last:
        found = only(diff(whole(first), whole(last)))
    assert {change.key for change in found.changes} == {"fast", "slow"}


def test_programs_and_maps_without_a_counterpart_are_named(tmp_path: Path) -> None:
    other = planned(MapPlan("@x", "stats", (COMM,), "bank"))
    first = made(
        tmp_path / "a.bttop",
        Session("p", COUNT, counts({"a": 5})),
        Session("gone", COUNT, counts({"a": 5}), generation=2, program=2),
    )
    last = made(
        tmp_path / "b.bttop", Session("p", other, [{"@x": ("stats", {"a": {"count": 1, "average": 1, "total": 1}})}])
    )
    with Snapshot(first) as before, Snapshot(last) as after:
        found = diff(whole(before), whole(after))
    assert found.only_before == ("p @x (count of 1 key parts)", "gone")
    assert found.only_after == ("p @x (stats of 1 key parts)",)
    assert found.maps == ()


def test_maxima_are_compared_as_they_are_and_never_lead(tmp_path: Path) -> None:
    plan = planned(MapPlan("@x", "count", (COMM,), "bank"), MapPlan("@max", "max", (), "bank", unit="us"))
    before, after = (
        [{**one, "@max": ("map", high)} for one in prints]
        for prints, high in ((counts({"a": 100}), 10), (counts({"a": 300}, 2), 9_000_000))
    )
    found = compared(tmp_path, plan, before, after)
    assert [one.map for one in found.maps] == ["@x", "@max"]
    assert (found.maps[1].changes[0].before, found.maps[1].changes[0].after) == (10, 9_000_000)


def test_the_text_is_never_wider_than_eighty_columns_and_shows_no_control_characters(tmp_path: Path) -> None:
    long = "n\x1b[31m" + "x" * 200
    path = [
        made(
            tmp_path / f"{at}.bttop",
            Session("p" * 90, COUNT, counts({long: rate})),
            facts=replace(FACTS, name="h\x07" * 50),
        )
        for at, rate in enumerate((10, 900))
    ]
    with Snapshot(path[0]) as first, Snapshot(path[1]) as last:
        text = list(lines(diff(whole(first), whole(last)), 10))
    assert max(map(len, text)) <= WIDTH
    assert any("\\x1b[31m" in line for line in text)
    assert "\x1b" not in "".join(text)


def test_json_holds_everything_and_only_ascii(tmp_path: Path) -> None:
    path = [
        made(tmp_path / f"{at}.bttop", Session("p", COUNT, counts({"é": rate}))) for at, rate in enumerate((10, 900))
    ]
    with Snapshot(path[0]) as first, Snapshot(path[1]) as last:
        text = json.dumps(as_object(diff(whole(first), whole(last))))
    assert text.isascii()
    change = json.loads(text)["maps"][0]["changes"][0]
    assert change["key"] == ["é"]
    assert change["ratio"] == pytest.approx(change["after"] / change["before"])


def test_names_that_differ_in_blanks_alone_are_lines_that_look_different(tmp_path: Path) -> None:
    names = {"sh": 500, "sh ": 600, " sh": 700}
    found = compared(tmp_path, COUNT, counts(dict.fromkeys(names, 5)), counts(names, 2))
    shown = [line.split()[-1] for line in lines(found, 10) if line.endswith(("sh", "x20"))]
    assert sorted(shown) == sorted(("sh", r"sh\x20", r"\x20sh"))


def test_a_value_that_is_missing_on_one_side_is_no_zero(tmp_path: Path) -> None:
    plan = planned(MapPlan("@x", "min", (COMM,), "bank"))
    before: Prints = [{"@x": ("map", {"gone": 0, "stays": 5})}]
    found = compared(tmp_path, plan, before, [{"@x": ("map", {"new": 3, "stays": 5})}])
    changes = {change.key: (change.before, change.after) for change in only(found).changes}
    assert changes == {"gone": (0, None), "new": (None, 3)}
    told = {one["key"][0]: one for one in as_object(found)["maps"][0]["changes"]}
    assert (told["new"]["before"], told["new"]["after"], told["new"]["difference"]) == (None, 3, None)
    text = [line.split() for line in lines(found, 10)]
    assert ["-", "3", "new", "new"] in text
    assert ["0", "-", "gone", "gone"] in text
