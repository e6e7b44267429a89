"""The plain probe files that bttop is compared with print and clear what they count, as a user would write it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.ladder import with_prints

from bttop.engine.request.questions import Asked, questions
from bttop.paths import shipped
from bttop.script.language.reader import read
from bttop.script.library.probe_files import Library
from bttop.script.rewrite.prepare import prepare

STOCK = questions(Library.load([shipped("probes")]), Asked())


def test_every_map_that_bttop_shows_is_printed_and_cleared_once_a_second() -> None:
    for source in (source for question in STOCK for source in question.sources):
        printed = with_prints(source.text).removeprefix(source.text)
        for name in prepare(read(source.text)).plan.maps:
            assert f"print({name}); clear({name});" in printed, (source.name, name)
        assert printed.count("interval:s:1 {") == 1


def test_a_map_that_only_remembers_is_not_printed() -> None:
    text = Path(shipped("probes"), "retransmits.bt").read_text()
    assert "print(@owner)" not in with_prints(text)
