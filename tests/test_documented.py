"""The tables of the documentation agree with what the code declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bttop.model.flush.find_caveats import Caveat
from bttop.model.record.releases import LANGUAGE, RANGES, Trait
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.store.export.catalogue import exporters
from bttop.ui.commands.command import CAPS
from bttop.ui.key_map import COMMANDS

ROOT = Path(__file__).parents[1]
WORDS = {"backspace": "Backspace"}
"""Keys that the documentation writes out."""


def traits_table(ranges: Mapping[str, Trait] = RANGES) -> str:
    """The Markdown table of traits for docs/releases.md."""
    rows = [f"| {_releases(range_)} | {range_.text} |" for range_ in ranges.values()]
    return "\n".join(["| releases | what |", "| --- | --- |", *rows])


def _releases(range_: Trait) -> str:
    until = range_.until or ()
    last = ".".join(map(str, (*until[:-1], until[-1] - 1))) if until else ""
    if range_.since is None:
        return f"up to {last}"
    first = f"0.{range_.since[1]}"
    if not last:
        return f"from {first}"
    return first if first == last else f"{first} to {last}"


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def quoted(text: str) -> set[str]:
    """Every word between backticks."""
    return {word for found in re.findall(r"`([^`]+)`", text) for word in found.split()}


def test_every_key_is_documented() -> None:
    keys = quoted(document("keys.md"))
    wanted = {WORDS.get(key, CAPS.get(key, key)) for command in COMMANDS for key in command.keys}
    assert wanted - keys - set("2345678") == set(), "1 … 9 is a range"


def test_every_documented_key_exists() -> None:
    first_cells = [line.split("|")[1] for line in document("keys.md").splitlines() if line.startswith("| `")]
    known = {CAPS.get(key, key) for command in COMMANDS for key in command.keys}
    assert quoted(" ".join(first_cells)) - known == set()


def test_every_export_format_is_documented_in_its_own_words() -> None:
    rows = [f"| `{one.name}` | {one.summary} |" for one in exporters().values()]
    lines = document("outputs.md").splitlines()
    assert [row for row in rows if row not in lines] == []


def test_every_caveat_of_a_flush_is_documented() -> None:
    badges = re.findall(r"`([^`]+)`", document("numbers.md"))
    assert [one.value for one in Caveat if one.value not in badges] == []


def test_the_traits_of_all_releases_are_documented() -> None:
    assert traits_table() in document("releases.md")
    assert traits_table(LANGUAGE) in document("releases.md")


def test_the_table_names_the_releases() -> None:
    table = traits_table()
    assert "| from 0.24 | needs BPF ring buffers (Linux 5.8) |" in table
    assert "| 0.23 | " in table
    assert "| up to 0.19 | " in table
    assert len(table.splitlines()) == len(RANGES) + 2


def test_every_probe_is_documented_by_its_title() -> None:
    library = Library.load([ROOT / "probes"])
    lines = document("probes.md").splitlines()
    for path in (ROOT / "probes").glob("*.bt"):
        probe = library.find(path.stem)
        assert isinstance(probe, ProbeFile)
        assert probe.front is not None
        assert f"| `{path.stem}` | {probe.front.title} |" in lines


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"
