"""Words find titles, names, tags and help."""

from __future__ import annotations

import pytest

from bttop.paths import shipped
from bttop.script.library.probe_files import Library
from bttop.script.library.word_search import rank
from bttop.ui.dialogs.catalogue import library_entries

LIBRARY = Library.load([shipped("probes")])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", 0),
        ("reads", 0),
        ("vfs READ", 0),
        ("bytes", 1),
        ("reads bytes", 1),
        ("disk", 2),
        ("page", 2),
        ("age", None),  # inside a word of a text
        ("vfsrd", None),  # only the letters, in this order
        ("disk network", None),
    ],
)
def test_a_word_is_part_of_a_title_or_begins_a_word_of_the_text(query: str, expected: int | None) -> None:
    assert rank(query, ("vfs_reads", "Bytes that were taken"), "disk Reads that the page-cache answers.") == expected


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("disk", {"biolatency", "vfs_read", "vfs_write"}),
        ("network", {"retransmits", "tcp_connect", "tcp_resets", "conntrack_drops"}),
        ("error", {"opens", "tcp_resets", "signals"}),
        ("slow", {"slow_calls", "syscall_latency", "offcpu", "runqlat", "biolatency"}),
        ("memory", {"mmap_stacks", "pagefaults"}),
        ("lock", {"futex", "offcpu"}),
        ("mutex", {"futex"}),
        ("file", {"opens", "vfs_read", "vfs_write"}),
        ("cpu", {"profile", "runqlat", "sched_switch"}),
        ("container", {"exec"}),
    ],
)
def test_a_word_of_an_incident_finds_the_probes_of_the_library_for_it(word: str, names: set[str]) -> None:
    assert names <= {entry.name for entry in library_entries(LIBRARY, lambda _probe: "", word)}


def test_what_has_the_word_in_its_name_is_found_first() -> None:
    found = [entry.name for entry in library_entries(LIBRARY, lambda _probe: "", "slow")]
    assert found[:2] == ["slow_calls", "slow_calls_tracepoint"]


def test_every_probe_of_the_library_has_tags() -> None:
    assert [probe.name for probe in LIBRARY.probes if probe.front is None or not probe.front.tags] == []
