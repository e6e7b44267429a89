"""From the command line's words to programs, and the list of the library."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bttop.engine.headless.probe_listing import listing
from bttop.engine.host.host import Host
from bttop.engine.request.questions import Asked, ProgramRequest, questions, wanted_files
from bttop.errors import UsageError
from bttop.script.library.ladder import LADDER
from bttop.script.library.probe_files import Library
from bttop.script.process.pin import Pin
from tests.engine.stage import ANYWHERE

PLAIN = "tracepoint:sched:sched_switch { @n = count(); }"


def front(*fields: str) -> str:
    return "\n".join(["// /// bttop", *(f"// {field}" for field in fields), "// ///", PLAIN])


def library(folder: Path, **texts: str) -> Library:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.bt").write_text(text)
    return Library.load([folder])


def names(asked: tuple[ProgramRequest, ...]) -> list[str]:
    return [question.name for question in asked]


def test_without_words_the_five_questions_are_asked_and_a_faulty_one_says_why(tmp_path: Path) -> None:
    texts = dict.fromkeys(LADDER, PLAIN) | {"profile": front("surprise = 1")}
    asked = questions(library(tmp_path, **texts), Asked())
    assert names(asked) == list(LADDER)
    assert [bool(question.failure) for question in asked] == [False, False, False, False, True]
    assert "surprise" in asked[-1].failure


def test_names_paths_and_texts_are_asked_in_their_order(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    library(other, mine=PLAIN)
    asked = questions(
        library(tmp_path / "lib", one=PLAIN), Asked(["one", f"{other}/mine.bt", "one.bt"], [PLAIN, PLAIN])
    )
    assert names(asked) == ["one", "mine", "one (2)", "-e 1", "-e 2"]


def test_every_pane_has_a_name_of_its_own(tmp_path: Path) -> None:
    found = library(tmp_path, **{"a": PLAIN, "a (2)": PLAIN})
    assert names(questions(found, Asked(["a", "a", "a (2)"]))) == ["a", "a (2)", "a (2) (2)"]


@pytest.mark.parametrize("word", ["nothing", "./nothing.bt", "/no/such/file.bt"])
def test_what_does_not_exist_is_a_usage_error(tmp_path: Path, word: str) -> None:
    with pytest.raises(UsageError, match="there is no"):
        questions(library(tmp_path, one=PLAIN), Asked([word]))


def test_a_directory_in_the_place_of_a_probe_is_a_usage_error_with_the_option_for_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        questions(library(tmp_path, one=PLAIN), Asked([f"{tmp_path}/"]))
    assert caught.value.hint == f"bttop --probes {tmp_path}/"


def test_a_file_that_is_no_text_gets_a_pane_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.bt").write_bytes(b"\x7fELF\x00\x00\xff")
    (question,) = questions(Library(), Asked([str(tmp_path / "x.bt")]))
    assert question.failure


def test_a_chosen_folder_without_probes_gets_a_pane_that_says_so(tmp_path: Path) -> None:
    shipped = library(tmp_path / "shipped", **dict.fromkeys(LADDER, PLAIN))
    empty = tmp_path / "empty"
    empty.mkdir()
    found = Library.load([empty, tmp_path / "shipped"])
    assert shipped.probes == found.probes
    asked = questions(found, Asked(), empty)
    assert names(asked) == [*LADDER, "probes"]
    assert "no .bt file" in asked[-1].failure
    assert names(questions(found, Asked())) == list(LADDER), "a folder that nobody chose may be empty"


def test_a_fallback_chain_is_followed_and_a_circle_ends(tmp_path: Path) -> None:
    texts = {"a": front('fallback = "b.bt"'), "b": front('fallback = "c.bt"'), "c": front('fallback = "a.bt"')}
    (question,) = questions(library(tmp_path, **texts), Asked(["a"]))
    assert [source.name for source in question.sources] == ["a.bt", "b.bt", "c.bt"]


def test_a_fallback_lies_beside_its_file_first(tmp_path: Path) -> None:
    own = tmp_path / "own"
    library(own, a=front('fallback = "b.bt"'), b=f"{PLAIN} // mine")
    (question,) = questions(library(tmp_path / "lib", b=PLAIN), Asked([f"{own}/a.bt"]))
    assert question.sources[1].text.endswith("// mine")


def test_a_fallback_that_is_missing_ends_the_chain(tmp_path: Path) -> None:
    (question,) = questions(library(tmp_path, a=front('fallback = "b.bt"')), Asked(["a"]))
    assert len(question.sources) == 1


def test_a_text_with_faulty_front_matter_says_so_in_its_pane() -> None:
    (question,) = questions(Library(), Asked(programs=[front("surprise = 1")]))
    assert "surprise" in question.failure


# The list.


def test_the_list_tells_what_runs_here_and_why_not(tmp_path: Path) -> None:
    (tmp_path / "events" / "sched" / "sched_switch").mkdir(parents=True)
    host = Host("host", "6.1", "x86_64", 2, tmp_path)
    texts = {
        "good": front('title = "Switches"'),
        "lacking": front('fallback = "good.bt"').replace("sched_switch", "nothing"),
        "broken": front("surprise = 1"),
        "odd": "tracepoint:a:b {",
    }
    lines = list(listing(library(tmp_path / "lib", **texts), host))
    assert lines[:2] == ["good     Switches", "         ok"]
    assert lines[2:4] == [
        "lacking  lacking",
        "         cannot run here: this kernel has no tracepoint sched:nothing (then good.bt)",
    ]
    assert lines[5].startswith("         runs as it is: ")
    assert lines[6].startswith("cannot be used: ")
    assert "surprise" in lines[6]


def test_the_list_does_not_claim_what_a_normal_user_cannot_see(tmp_path: Path) -> None:
    lines = list(listing(library(tmp_path, one=PLAIN), ANYWHERE))
    assert lines[1] == "     unknown here: tracefs is not mounted, or only root can read it"


# Parameters.

EVERY = "interval:s:$1 { print(@); }\nkprobe:f { @ = count(); }"


@pytest.mark.parametrize(
    ("word", "behind", "args", "name"),
    [
        ("every 5", (), ("5",), "every 5"),
        ("every.bt 5 'a b'", (), ("5", "a b"), "every 5 a b"),
        ("every", ("5",), ("5",), "every 5"),
        ("  every   5 ", (), ("5",), "every 5"),
        ("every 5", ("6",), None, ""),
        ("every", (), None, ""),
        ("every '5", (), None, ""),
        ("nothing 5", (), None, ""),
    ],
)
def test_a_name_has_its_parameters(
    tmp_path: Path, word: str, behind: tuple[str, ...], args: tuple[str, ...] | None, name: str
) -> None:
    found = library(tmp_path, every=EVERY)
    asked = Asked([word], parameters=behind)
    if args is None:
        with pytest.raises(UsageError):
            questions(found, asked)
    else:
        (question,) = questions(found, asked)
        assert (question.name, question.sources[0].args, question.failure) == (name, args, "")


def test_a_path_has_its_parameters_and_a_file_of_this_very_name_goes_first(tmp_path: Path) -> None:
    library(tmp_path, **{"every": EVERY, "every 5": PLAIN})
    (plain,) = questions(Library(), Asked([f"{tmp_path}/every 5.bt"]))
    assert (plain.name, plain.sources[0].args) == ("every 5", ())
    (with_args,) = questions(Library(), Asked([f"{tmp_path}/every.bt 5"]))
    assert with_args.sources[0].args == ("5",)
    (of_library,) = questions(Library.load([tmp_path]), Asked(["every 5"]))
    assert of_library.sources[0].args == ()


def test_a_text_has_parameters_too() -> None:
    (question,) = questions(Library(), Asked(programs=[EVERY], parameters=("5",)))
    assert question.sources[0].args == ("5",)


def test_a_missing_parameter_is_a_usage_error_with_the_command_or_a_pane_that_asks(tmp_path: Path) -> None:
    found = library(tmp_path, every=EVERY)
    with pytest.raises(UsageError) as caught:
        questions(found, Asked(["every"]))
    assert "it needs a value for `$1` (stands in `interval:s:$1`)" in str(caught.value)
    assert f"write '{tmp_path}/every.bt VALUE'" in str(caught.value)
    assert caught.value.hint == f"bttop probes {tmp_path}/every.bt"
    (question,) = questions(found, Asked(["every"], can_ask=True))
    assert [one.name for one in question.missing] == ["$1"]
    assert "needs a value" in question.failure


def test_the_command_for_a_path_with_blanks_finds_the_file(tmp_path: Path) -> None:
    library(tmp_path, **{"every one": EVERY})
    with pytest.raises(UsageError) as caught:
        questions(Library(), Asked([f"{tmp_path}/every one.bt"]))
    assert shlex.split(caught.value.hint) == ["bttop", "probes", f"{tmp_path}/every one.bt"]
    (word,) = shlex.split(caught.value.cause.rpartition("; write ")[2])
    (question,) = questions(Library(), Asked([word.replace("VALUE", "5")]))
    assert question.sources[0].args == ("5",)


def test_a_long_parameter_does_not_fill_the_name_of_a_pane(tmp_path: Path) -> None:
    (question,) = questions(library(tmp_path, every=EVERY), Asked(["every " + "9" * 80]))
    assert len(question.name) < 40
    assert question.name.endswith("…")


def test_both_names_of_a_word_with_parameters_are_looked_for() -> None:
    assert wanted_files(["every 5", "one", "./two.bt 5"], []) >= {"every 5.bt", "every.bt", "one.bt"}


@pytest.mark.parametrize(
    ("line", "parameters", "args"),
    [
        ("bpftrace -e 'profile:hz:99 { @[$1] = count(); }' 5", (), ("5",)),
        ("# bpftrace -e 'profile:hz:99 { @[$1] = count(); }' -- 5", (), ("5",)),
        ("bpftrace -e 'profile:hz:99 { @[$1] = count(); }'", ("7",), ("7",)),
    ],
)
def test_a_pasted_line_has_its_parameters(line: str, parameters: tuple[str, ...], args: tuple[str, ...]) -> None:
    (question,) = questions(Library(), Asked(programs=[line], parameters=parameters))
    assert question.sources[0].args == args


def test_a_pasted_line_has_its_options_its_variables_and_its_pin(tmp_path: Path) -> None:
    line = f"BPFTRACE_STRLEN=99 BPFTRACE_COLOR=1 sudo bpftrace -I {tmp_path} -p 42 -e '{PLAIN}'"
    (question,) = questions(Library(), Asked(programs=[line]))
    assert question.sources[0].options == ("-I", str(tmp_path))
    assert question.sources[0].environment == (("BPFTRACE_STRLEN", "99"),)
    assert question.pin == Pin(pids=(42,))
    assert question.notes[1:] == ("left out: BPFTRACE_COLOR=1, which bttop sets itself or does not know",)


def test_parameters_in_a_line_and_behind_the_dashes_are_refused() -> None:
    with pytest.raises(UsageError, match="parameters in it and behind --"):
        questions(Library(), Asked(programs=["bpftrace -e 'profile:hz:99 { @[$1] = count(); }' 5"], parameters=("7",)))
