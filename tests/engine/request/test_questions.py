"""From the command line's words to programs, and the list of the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.headless.probe_listing import listing
from bttop.engine.host.host import Host
from bttop.engine.request.questions import LADDER, ProgramRequest, questions
from bttop.errors import UsageError
from bttop.script.library.probe_files import Library
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
    asked = questions(library(tmp_path, **texts), [], [])
    assert names(asked) == list(LADDER)
    assert [bool(question.failure) for question in asked] == [False, False, False, False, True]
    assert "surprise" in asked[-1].failure


def test_names_paths_and_texts_are_asked_in_their_order(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    library(other, mine=PLAIN)
    asked = questions(library(tmp_path / "lib", one=PLAIN), ["one", f"{other}/mine.bt", "one.bt"], [PLAIN, PLAIN])
    assert names(asked) == ["one", "mine", "one (2)", "-e 1", "-e 2"]


def test_every_pane_has_a_name_of_its_own(tmp_path: Path) -> None:
    found = library(tmp_path, **{"a": PLAIN, "a (2)": PLAIN})
    assert names(questions(found, ["a", "a", "a (2)"], [])) == ["a", "a (2)", "a (2) (2)"]


@pytest.mark.parametrize("word", ["nothing", "./nothing.bt", "/no/such/file.bt"])
def test_what_does_not_exist_is_a_usage_error(tmp_path: Path, word: str) -> None:
    with pytest.raises(UsageError, match="there is no"):
        questions(library(tmp_path, one=PLAIN), [word], [])


def test_a_directory_in_the_place_of_a_probe_is_a_usage_error_with_the_option_for_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        questions(library(tmp_path, one=PLAIN), [f"{tmp_path}/"], [])
    assert caught.value.hint == f"bttop --probes {tmp_path}/"


def test_a_file_that_is_no_text_gets_a_pane_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.bt").write_bytes(b"\x7fELF\x00\x00\xff")
    (question,) = questions(Library(), [str(tmp_path / "x.bt")], [])
    assert question.failure


def test_a_chosen_folder_without_probes_gets_a_pane_that_says_so(tmp_path: Path) -> None:
    shipped = library(tmp_path / "shipped", **dict.fromkeys(LADDER, PLAIN))
    empty = tmp_path / "empty"
    empty.mkdir()
    found = Library.load([empty, tmp_path / "shipped"])
    assert shipped.probes == found.probes
    asked = questions(found, [], [], empty)
    assert names(asked) == [*LADDER, "probes"]
    assert "no .bt file" in asked[-1].failure
    assert names(questions(found, [], [])) == list(LADDER), "a folder that nobody chose may be empty"


def test_a_fallback_chain_is_followed_and_a_circle_ends(tmp_path: Path) -> None:
    texts = {"a": front('fallback = "b.bt"'), "b": front('fallback = "c.bt"'), "c": front('fallback = "a.bt"')}
    (question,) = questions(library(tmp_path, **texts), ["a"], [])
    assert [source.name for source in question.sources] == ["a.bt", "b.bt", "c.bt"]


def test_a_fallback_lies_beside_its_file_first(tmp_path: Path) -> None:
    own = tmp_path / "own"
    library(own, a=front('fallback = "b.bt"'), b=f"{PLAIN} // mine")
    (question,) = questions(library(tmp_path / "lib", b=PLAIN), [f"{own}/a.bt"], [])
    assert question.sources[1].text.endswith("// mine")


def test_a_fallback_that_is_missing_ends_the_chain(tmp_path: Path) -> None:
    (question,) = questions(library(tmp_path, a=front('fallback = "b.bt"')), ["a"], [])
    assert len(question.sources) == 1


def test_a_text_with_faulty_front_matter_says_so_in_its_pane() -> None:
    (question,) = questions(Library(), [], [front("surprise = 1")])
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
