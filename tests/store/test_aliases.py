"""Aliases in place of names: the same for the same, nothing of a name left, and the script still to be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import Column
from bttop.store.aliases import AliasedNames, PlainNames, meet, words_of

COMM = Column("comm", "text")
PATH = Column("path", "text")
ADDRESS = Column("daddr", "text", "address")
STACK = Column("ustack", "stack")


def test_one_name_has_one_alias_wherever_it_stands() -> None:
    names = AliasedNames()
    assert names.part(COMM, "java") == "proc-1"
    assert names.part(Column("parent", "text"), "bash") == "proc-2"
    assert names.part(Column("parent", "text"), "java") == "proc-1"
    assert names.text("java was started by bash") == "proc-1 was started by proc-2"


@pytest.mark.parametrize(
    ("column", "part", "alias"),
    [
        (PATH, "/etc/passwd", "path-1"),
        (PATH, "cart.db", "path-1"),
        (Column("what", "any"), "/etc/passwd", "path-1"),
        (ADDRESS, "10.0.0.1", "addr-1"),
        (ADDRESS, "10.0.0.1:443", "addr-1:443"),
        (ADDRESS, "[fe80::1]:443", "addr-1:443"),
        (Column("what", "any"), "10.0.0.1", "addr-1"),
        (Column("hostname", "text"), "db7", "host-1"),
        (Column("unit", "text"), "shop.service", "unit-1"),
        (Column("container", "text"), "8f3a", "container-1"),
        (Column("args", "text"), "java -jar shop.jar", "command-1"),
        (Column("what", "any"), "customer", "text-1"),
        (Column("pid", "int"), 4711, "4711"),
        (Column("rwbs", "text"), "WS", "WS"),
        (COMM, "", ""),
    ],
)
def test_what_a_column_holds_decides_what_is_replaced(column: Column, part: int | str, alias: str) -> None:
    assert AliasedNames().part(column, part) == alias


def test_words_of_the_script_itself_stay() -> None:
    names = AliasedNames(
        words_of('k:a { $stage = "track"; @[$stage] = count(); } k:b /comm == "java"/ { @x = count(); }')
    )
    assert names.part(Column("stage", "text"), "track") == "track"
    assert names.part(Column("stage", "text"), "java") == "text-1"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("opened /srv/shop/cart.db.", "opened path-1"),
        ("10.1.2.3 answers, fe80::1 does not", "addr-1 answers, addr-2 does not"),
        ("at 03:11:04 it was 1.5 times 6.18.0", "at 03:11:04 it was 1.5 times 6.18.0"),
        ("connect(10.1.2.3:80)", "connect(addr-1:80)"),
        ("read/write and 3/4", "read/write and 3/4"),
        ("~/secret/notes", "path-1"),
    ],
)
def test_paths_and_addresses_are_found_by_their_looks(text: str, redacted: str) -> None:
    assert AliasedNames().text(text) == redacted


def test_functions_stay_and_paths_within_frames_go() -> None:
    names = AliasedNames()
    assert names.frame("tcp_sendmsg") == "tcp_sendmsg"
    assert names.frame("net/http.(*conn).serve") == "net/http.(*conn).serve"
    assert names.frame("operator/(int)") == "operator/(int)"
    assert names.frame("main+1 (/opt/shop/bin/cart)") == "main+1 (path-1)"
    assert names.part(STACK, "\n  inner+4\n  /opt/shop/bin/cart+8\n") == "\n  inner+4\n  path-1+8\n"


def test_a_script_keeps_its_shape_and_loses_its_names() -> None:
    names = AliasedNames()
    script = """// see /home/ann/notes
uprobe:/opt/shop/bin/cart:checkout /comm == "java" && strncmp(comm, "shop", 4) == 0/
{ printf("%s to %s\\n", "done", "10.1.2.3"); @[cgroup == cgroupid("/sys/fs/cgroup/shop")] = count(); }
"""
    redacted = names.script(script)
    for name in ("ann", "/opt", "java", '"shop"', "10.1.2.3", "/sys"):
        assert name not in redacted, name
    for kept in (":checkout", 'printf("%s to %s\\n", "done"', "= count(); }", "comm == "):
        assert kept in redacted, kept
    assert redacted.count("\n") == script.count("\n")


def test_a_division_is_no_path() -> None:
    script = "k:a /pid == 1/ { @x = sum(args->len/4096/2); }"
    assert AliasedNames().script(script) == script


def test_what_is_known_of_processes_goes_from_every_text() -> None:
    names = AliasedNames()
    meet(names, [{"comm": "Web Content", "command": "firefox -P ann", "unit": "shop.service", "age": 3}])
    said = names.text("Web Content (firefox -P ann) of shop.service is slow")
    assert said == "proc-1 (command-1) of unit-1 is slow"


def test_a_file_named_like_a_word_leaves_sentences_alone() -> None:
    names = AliasedNames()
    assert names.part(PATH, "sent") == "path-1"
    assert names.text("it was sent") == "it was sent"
    assert names.part(COMM, "bpftrace") == "proc-1"
    assert names.text("bpftrace 0.17 ended") == "bpftrace 0.17 ended"


@given(st.text(max_size=60))
def test_any_script_and_any_text_can_be_redacted(text: str) -> None:
    names = AliasedNames()
    names.script(text)
    names.text(text)
    names.frame(text)
    assert PlainNames().script(text) == text


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=3, max_size=15))
def test_no_name_of_a_process_is_left_of_it(name: str) -> None:
    names = AliasedNames()
    alias = names.part(COMM, name)
    assert name not in alias or name in "proc-1"
