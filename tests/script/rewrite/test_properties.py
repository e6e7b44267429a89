"""What holds for any text at all, and for scripts put together from the language's parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bttop.script.front_matter.front_matter import read_front_matter
from bttop.script.language.reader import Script, Unreadable, read
from bttop.script.library.probe_files import ProbeFile, probe_file
from bttop.script.messages.diagnostics import parse_diagnostics, render
from bttop.script.pasted.one_liner import OneLiner, OneLinerRefused
from bttop.script.pasted.read_line import read_one_liner
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import Prepared, prepare
from tests.script.parts import PATH, PIECES, scripts

fragments = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
texts = st.one_of(st.text(max_size=200), fragments)
options = st.fixed_dictionaries(
    {},
    optional={
        "pin": st.sampled_from([Pin((7,)), Pin(comm="a"), Pin((1, 2)), Pin((1, 2), children=True)]),
        "schemes": st.dictionaries(st.sampled_from(["@", "@a", "@b"]), st.sampled_from(["bank", "cumulative"])),
    },
)


@given(st.one_of(texts, st.binary(max_size=200)))
def test_any_input_is_read_or_refused(source: str | bytes) -> None:
    script = read(source)
    assert isinstance(script, Script | Unreadable)
    if isinstance(script, Unreadable):
        assert script.reason


@given(st.one_of(texts, scripts()))
def test_tokens_cover_the_text_exactly(text: str) -> None:
    script = read(text)
    if isinstance(script, Script):
        assert "".join(token.text for token in script.tokens) == text
        for token in script.tokens:
            assert text.startswith(token.text, token.start)
            assert token.line == text.count("\n", 0, token.start) + 1


@given(texts, options)
def test_any_text_can_be_prepared(text: str, chosen: dict[str, object]) -> None:
    one = prepare(read(text), **chosen)  # type: ignore[arg-type]
    assert isinstance(one, Prepared)
    assert one.original_position(1, 1)[0] >= 1


@given(texts)
def test_any_text_can_be_pasted_parsed_and_filed(text: str) -> None:
    assert isinstance(read_one_liner(text), OneLiner | OneLinerRefused)
    for one in parse_diagnostics(text.split("\n"), lambda line, column: (line, column)):
        assert render(one, "x.bt", text)
    read_front_matter(text)
    probe = probe_file(PATH, text)
    assert not isinstance(probe, ProbeFile) or probe.text == text


@given(scripts())
def test_a_script_of_the_languages_parts_is_read(text: str) -> None:
    assert isinstance(read(text), Script)


@given(scripts(), options)
def test_an_edited_script_is_read_again_and_keeps_its_lines(text: str, chosen: dict[str, object]) -> None:
    one = prepare(read(text), **chosen)  # type: ignore[arg-type]
    edited = read(one.text)
    assert isinstance(edited, Script), one.text
    lines, original = one.text.split("\n"), text.split("\n")
    assert len(lines) >= len(original)
    kept = [line.partition("//")[1:] for line in original[:-1]]
    assert [line.partition("//")[1:] for line in lines[: len(kept)]] == kept


@given(scripts(), options)
def test_what_is_not_edited_is_found_at_its_own_place(text: str, chosen: dict[str, object]) -> None:
    one = prepare(read(text), **chosen)  # type: ignore[arg-type]
    original = text.split("\n")
    for number, line in enumerate(original[:-1], 1):
        comment = line.find("//")
        if comment >= 0:
            column = one.text.split("\n")[number - 1].find("//") + 1
            assert one.original_position(number, column) == (number, comment + 1)


@given(scripts())
def test_every_map_of_a_plan_is_printed_by_the_text(text: str) -> None:
    one = prepare(read(text))
    for name, plan in one.plan.maps.items():
        printed = [bank for bank, user in one.plan.aliases.items() if user == name] or [name]
        assert len(printed) == (2 if plan.scheme == "bank" else 1)
        for each in printed:
            assert f"print({each}" in one.text


@given(scripts(), options)
def test_every_offer_is_another_script_that_is_read(text: str, chosen: dict[str, object]) -> None:
    for one in prepare(read(text), **chosen).suggestions:  # type: ignore[arg-type]
        assert one.rewritten != text
        assert isinstance(read(one.rewritten), Script), one.rewritten
