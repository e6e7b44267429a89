"""The page of a report, as text: what is in it, and that no name gets out of it."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import StampedLine
from bttop.store.report.gather import gather
from bttop.store.report.page import page
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import window
from tests.model.samples import planned
from tests.store.made import Session, at, made
from tests.store.report.kit import HOSTILE, snapshot_file

HEAD = ("html", "head", "meta", "title", "style", "body")
BLOCKS = ("header", "footer", "section", "article", "figure", "figcaption", "details", "summary", "div", "pre", "p")
TEXT = ("h1", "h2", "h3", "h4", "dl", "dt", "dd", "a", "b", "small", "span", "text")
SHAPES = ("svg", "path", "rect", "table", "caption", "thead", "tbody", "tr", "th", "td")
TAGS = frozenset((*HEAD, *BLOCKS, *TEXT, *SHAPES))


class Reader(HTMLParser):
    """Elements, their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.text += data


def written(path: Path, first: str | None = None, last: str | None = None, *, redact: bool = False) -> str:
    with Snapshot(path) as snapshot:
        span = extent(snapshot)
        assert span is not None
        return "".join(page(gather(snapshot, *window(first, last, *span)), redact=redact))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return snapshot_file(tmp_path_factory.mktemp("report") / "s.bttop")


@pytest.fixture(scope="module")
def whole(path: Path) -> str:
    return written(path)


def test_every_section_is_there_in_order(whole: str) -> None:
    assert Reader(whole).ids == ["summary", "programs", "marks", "doubts", "p1", "p2", "p3", "scripts"]


def test_the_summary_says_where_and_by_what_it_was_recorded(whole: str) -> None:
    text = Reader(whole).text
    for fact in ("demo-host", "6.18.0 x86_64", "0.17.0", "s.bttop", "24"):
        assert fact in text


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (MapPlan("@x", "count", (), "bank"), "events per second"),
        (MapPlan("@x", "sum", (), "bank"), "per second"),
        (MapPlan("@x", "sum", (), "bank", unit="bytes"), "per second"),
        (MapPlan("@x", "sum", (Column("comm", "text"),), "bank"), "per second"),
    ],
    ids=["count", "sum", "sum of bytes", "sum with keys"],
)
def test_only_what_is_counted_is_called_events(plan: MapPlan, words: str, tmp_path: Path) -> None:
    prints: list[dict[str, tuple[str, object]]] = [{"@x": ("map", {"a": 5} if plan.columns else 5)}] * 3
    file = made(tmp_path / "s.bttop", Session("one", planned(plan), prints=prints))
    captions = re.findall(r"<figcaption><span>([^<]*)</span>", written(file))
    assert captions == [words]


def test_a_pin_is_said_with_its_stretch_where_it_held_for_a_part(tmp_path: Path) -> None:
    prints = [{"@x": ("map", {"a": 1})}] * 3
    plan = planned(MapPlan("@x", "count", (Column("comm", "text"),), "bank"))
    runs = [(1, ""), (2, "pid == 42"), (3, "pid == 42"), (4, ""), (5, 'comm == "a"')]
    sessions = [
        Session("p", plan, prints, generation=number, number=number, first=10.0 * number, pin=pin)
        for number, pin in runs
    ]
    text = Reader(written(made(tmp_path / "s.bttop", *sessions))).text
    stretches = re.findall(r"pin: (pid == 42|comm == .a.) from [\d:]*:(\d\d) to [\d:]*:(\d\d)", text)
    assert stretches == [("pid == 42", "32", "44"), ('comm == "a"', "02", "04")]


def test_a_pin_of_the_whole_run_stands_alone(tmp_path: Path) -> None:
    prints = [{"@x": ("map", {"a": 1})}] * 3
    plan = planned(MapPlan("@x", "count", (Column("comm", "text"),), "bank"))
    text = Reader(written(made(tmp_path / "s.bttop", Session("p", plan, prints, pin="pid == 42")))).text
    assert re.search(r"pin: pid == 42(?! from)", text)


def test_totals_are_those_of_all_flushes(whole: str) -> None:
    text = Reader(whole).text
    assert "36,000" in text, "1000 + 2000 + ... + 8000 calls"
    assert "54ms" in text, "1500 us times 36"
    assert "32 B" not in text
    assert "128 KiB" in text, "eight times 16 KiB"


def test_a_window_holds_its_own_flushes_alone(path: Path) -> None:
    text = Reader(written(path, "+2500ms", "+5500ms")).text
    assert "12,000" in text, "flushes 3, 4 and 5"
    assert "36,000" not in text


def test_a_table_that_is_cut_says_how_much_more_there_is(whole: str) -> None:
    assert "the 20 largest of 38 rows" in Reader(whole).text


def test_percentiles_and_histograms_of_all_flushes_are_shown(whole: str) -> None:
    text = Reader(whole).text
    assert "[16us, 32us)" in text
    assert "160" in text, "eight times 20 in the second bucket"
    assert "latency over time" in text


def test_a_mark_is_on_the_page_and_in_the_charts(whole: str) -> None:
    assert "java hangs on /srv/shop" in Reader(whole).text
    assert 'class="moment"' in whole


def test_doubts_and_troubles_are_in_words(whole: str) -> None:
    text = Reader(whole).text
    assert "it lost descriptors" in text
    assert "second line" in text


def test_a_program_that_was_detached_before_the_end_is_a_doubt(tmp_path: Path) -> None:
    plan = planned(MapPlan("@n", "count", (Column("comm", "text"),), "bank"))
    path = made(tmp_path / "s.bttop", Session("disk", plan, [{"@n": ("map", {"dd": 5})}] * 4))
    assert "a limit was exceeded" not in Reader(written(path)).text
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        program = database.execute("SELECT id FROM program").fetchone()[0]
        values = (program, at(3).boot_ns, at(3).wall_ns, "held", "limit exceeded: 5.8 % of 2 CPUs", "")
        database.execute("INSERT INTO state VALUES (NULL, ?, ?, ?, ?, ?, ?)", values)
    assert "limit exceeded: 5.8 % of 2 CPUs" in Reader(written(path)).text


def test_skipped_events_are_summed(tmp_path: Path) -> None:
    plan = planned(MapPlan("@n", "count", (Column("comm", "text"),), "bank"))
    extra = [StampedLine(1, "skipped", at(second + 0.5), b"1800 7") for second in (1, 3)]
    session = Session("disk", plan, [{"@n": ("map", {"dd": 5})}] * 4, extra=extra)
    assert "disk: 2 of 4 flushes, 3,600 events" in Reader(written(made(tmp_path / "s.bttop", session))).text


def test_the_script_of_every_generation_is_there_with_its_hash(whole: str) -> None:
    text = Reader(whole).text
    assert text.count('printf("op %s", "write")') == 2
    assert "latency, generation 1" in text
    assert "latency, generation 2" in text
    assert len(re.findall(r"sha256 [0-9a-f]{64}", text)) == 4


def test_stacks_are_folded_to_one_picture_with_what_the_pointer_shows(whole: str) -> None:
    assert "<title>do_sys_read: 240, 66.7 %</title>" in whole
    assert "<title>all: 360, 100 %</title>" in whole
    assert whole.count("<title>[no symbol]: ") == 2, "frames without a name are one, of java and of the other"


def test_no_name_makes_an_element_or_an_attribute(whole: str) -> None:
    found = Reader(whole)
    assert found.tags <= TAGS
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert not [value for name, value in found.attributes if name in ("href", "src") and not value.startswith("#p")]


def test_characters_that_steer_or_hide_are_written_as_escapes(whole: str) -> None:
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b\u202e]", whole)
    text = Reader(whole).text
    for escape in (r"\u202egnp.exe", r"\x1b[31mred\x07", r"a\u200bb"):
        assert escape in text


def test_names_that_differ_in_blanks_alone_look_different(tmp_path: Path) -> None:
    names = ("sh", " sh", "sh ", "s h", "s  h", "sh\\x20")
    plan = planned(MapPlan("@n", "count", (Column("comm", "text"),), "bank"))
    prints = [{"@n": ("map", dict.fromkeys(names, 5))}]
    found = written(made(tmp_path / "s.bttop", Session("x", plan, prints)))
    shown = re.findall(r'<td class="name"[^>]*>([^<]*)</td>', found)
    assert sorted(shown) == sorted(("sh", r"\x20sh", r"sh\x20", "s h", "s  h", r"sh\\x20"))
    for style in (r"td\.name \{[^}]*white-space: pre-wrap", r"\.flame text \{[^}]*white-space: pre"):
        assert re.search(style, found), "a browser would draw two blanks as one"


def test_the_page_fetches_nothing_and_lets_nothing_run(whole: str) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'" in whole.replace("&#x27;", "'")
    style = whole.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_names_are_gone_from_a_redacted_page(path: Path) -> None:
    text = written(path, redact=True)
    for name in (
        "java",
        "demo-host",
        "/srv",
        "10.1.2.3",
        "fe80",
        "secret",
        "relative/name",
        "leak",
        "small1",
        "s.bttop",
    ):
        assert name not in text, name


def test_a_redacted_page_has_one_alias_for_one_name_and_keeps_functions(path: Path) -> None:
    text = Reader(written(path, redact=True)).text
    hangs = re.search(r"(host-\d+): (proc-\d+) hangs on (path-\d+), peer (addr-\d+)", text)
    assert hangs is not None
    host, proc, _, addr = hangs.groups()
    assert f'comm == "{proc}"' in text
    assert text.count(host) >= 2
    assert text.count(addr) >= 2
    assert "do_sys_read" in text
    assert "36,000" in text
    assert 'printf("op %s", "write")' in text


def test_pages_of_one_recording_are_the_same(path: Path, whole: str) -> None:
    assert written(path) == whole
    assert written(path, redact=True) == written(path, redact=True)


def test_a_program_without_flushes_has_its_section(tmp_path: Path) -> None:
    plan = planned(MapPlan("@x", "count", (Column("comm", "text"),), "bank"))
    file = made(
        tmp_path / "s.bttop",
        Session("quiet", plan, [], generation=1, program=1),
        Session("busy", plan, [{"@x": ("map", {"a": 1})}], generation=2, program=2),
    )
    assert "There are no flushes in this time." in Reader(written(file)).text


def test_what_a_script_printed_is_shown_and_counted(whole: str) -> None:
    text = Reader(whole).text
    assert "java wrote </title>" in text
    assert "1 line" in text
    assert "1 lines" not in text


def test_the_page_of_a_long_recording_is_no_larger_than_its_charts(tmp_path: Path) -> None:
    plan = planned(MapPlan("@x", "hist", (), "bank"))
    prints = [{"@x": ("hist", [{"min": 4, "max": 7, "count": 3}])}]
    short, long = (made(tmp_path / f"{length}.bttop", Session("x", plan, prints * length)) for length in (200, 800))
    assert len(written(long)) < 1.2 * len(written(short))


def test_hostile_names_are_in_the_page_at_all(whole: str) -> None:
    assert HOSTILE[0] in Reader(whole).text
