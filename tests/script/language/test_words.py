"""How a script goes on at the cursor."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.release import Release
from bttop.script.language.words import WORDS, WordCompletions, complete

NEWEST = Release(0, 27)


def probes(typed: str) -> Sequence[str]:
    return [name for name in ("kprobe:vfs_read", "kprobe:vfs_write", "tracepoint:sched:sched_switch") if typed in name]


def fields(probe: str) -> Sequence[str]:
    return {"tracepoint:a:b": ["prev_pid", "prev_comm", "next_pid"]}.get(probe, ())


def at_end(text: str, release: Release = NEWEST) -> WordCompletions:
    return complete(text, len(text), probes, release, fields)


@pytest.mark.parametrize(
    ("text", "start", "first"),
    [
        ("kp", 0, "kprobe:"),
        ("kprobe:vfs", 0, "kprobe:vfs_read"),
        ("vfs_w", 0, "kprobe:vfs_write"),
        ("kprobe:x,\n// why\n  kprobe:vfs_w", 19, "kprobe:vfs_write"),
        ("kprobe:x { @ = count(); }\ntracepoint:sch", 26, "tracepoint:sched:sched_switch"),
        ("kprobe:x { @ = hi", 15, "hist("),
        ("kprobe:x { @ = coun", 15, "count()"),
        ("kprobe:x { pri", 11, "print("),
        ("kprobe:x /pi", 10, "pid"),
        ("kprobe:x /pid / 2 == 4 && com", 26, "comm"),
        ("kprobe:x /pid == 1/ { com", 22, "comm"),
        ("kprobe:x { @bytes = 1; @b", 23, "@bytes"),
        ("kprobe:x { $sum = 1; $s", 21, "$sum"),
        ("tracepoint:a:b { @[args->next", 25, "next_pid"),
        ("tracepoint:a:b { @[args.prev_c", 24, "prev_comm"),
        ("k:x { if (pid) { retu", 17, "return"),
        ("config = { a = 1 }\nkp", 19, "kprobe:"),
    ],
)
def test_the_word_at_the_cursor_is_completed_by_where_it_stands(text: str, start: int, first: str) -> None:
    found = at_end(text)
    assert found.start == start
    assert found.words[0] == first


@pytest.mark.parametrize(
    "text",
    [
        *("kprobe:x { // pi", "kprobe:x { /* pi", "/* kp", "// kp", 'kprobe:x { printf("pi', "kprobe:x k"),
        *('uprobe:"/bin/x:f', "kprobe:x { 12", "kprobe:x { @x->pi", "kprobe:x { ", "kprobe:x /* c */ "),
    ],
)
def test_where_no_word_belongs_none_is_offered(text: str) -> None:
    assert at_end(text).words == ()


def test_an_empty_script_begins_with_a_provider() -> None:
    assert "tracepoint:" in at_end("").words
    assert "tracepoint:" in at_end("kprobe:x,").words


def test_text_behind_the_cursor_only_tells_of_maps() -> None:
    text = "kprobe:x { @ } END { print(@later); }"
    assert complete(text, 12, probes).words == ("@later",)


def test_a_map_is_not_completed_to_itself() -> None:
    assert at_end("kprobe:x { @a = 1; @a").words == ()


def test_a_predicate_is_offered_no_keyword_and_no_aggregation() -> None:
    assert "count()" in at_end("kprobe:x { c").words
    assert "count()" not in at_end("kprobe:x /c").words
    assert "if" not in at_end("kprobe:x /i").words


@pytest.mark.parametrize(
    ("typed", "word", "without", "with_"),
    [
        ("jiff", "jiffies", (0, 19), (0, 20)),
        ("has", "has_key(", (0, 21), (0, 22)),
        ("tser", "tseries(", (0, 23), (0, 24)),
        ("sarg", "sarg0", (0, 25), (0, 24)),
        ("le", "let", (0, 21), (0, 22)),
        ("strc", "strcontains(", (0, 16), (0, 17)),
    ],
)
def test_a_word_is_offered_to_the_releases_that_have_it(
    typed: str, word: str, without: tuple[int, int], with_: tuple[int, int]
) -> None:
    text = "kprobe:x { " + typed
    assert word not in at_end(text, Release(*without)).words
    assert word in at_end(text, Release(*with_)).words


def test_functions_of_the_kernel_are_called_fentry_from_twenty_on() -> None:
    assert "fentry:" not in at_end("f", Release(0, 17)).words
    assert at_end("f").words[:2] == ("fentry:", "fexit:")
    assert "kfunc:" in at_end("kf", Release(0, 17)).words


def test_no_word_is_there_twice_in_one_release() -> None:
    texts = [word.text for word in WORDS if word.is_in(NEWEST)]
    assert len(set(texts)) == len(texts)


pieces = st.lists(
    st.sampled_from(
        ["k:f", " ", "{", "}", "/", "@x", "$y", '"', "//", "/*", "*/", ",", "\n", "args->", "pid", "#x", "é"]
    )
)


@given(pieces.map("".join), st.integers(-3, 60))
def test_any_text_and_cursor_give_an_answer_before_the_cursor(text: str, cursor: int) -> None:
    found = complete(text, cursor, probes, NEWEST, fields)
    assert 0 <= found.start <= max(min(cursor, len(text)), 0)
