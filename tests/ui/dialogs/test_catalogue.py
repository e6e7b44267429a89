"""The page of the catalogue: searching, moving, clicking, and what is said of the entry at hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events

from bttop.engine.host.host import Bpftrace
from bttop.engine.host.kernel.kernel_probes import KernelProbes
from bttop.model.record.release import Release
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.ui.dialogs.catalogue import CatalogueBody, Entry, library_entries
from bttop.ui.render.spans import line_width, plain
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, text_of

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
LISTING = b"".join(b"kprobe:tcp_function_%d\n" % number for number in range(900)) + (
    b"tracepoint:syscalls:sys_enter_openat\nkprobe:do_filp_open\n"
)
OPENAT = "tracepoint:syscalls:sys_enter_openat\n    int dfd\n    const char * filename\n"
FILES = {
    "opens": '// /// bttop\n// title = "Files opened"\n// help = "Who opens what."\n// ///\n',
    "reads": "",
    "writes": '// /// bttop\n// title = "Sizes of writes"\n// ///\n',
}
PATIENCE = 60.0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("probes")
    for name, front in FILES.items():
        (folder / f"{name}.bt").write_text(f"{front}profile:hz:99 {{ @ = count(); }}\n")
    return Library.load([folder])


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelProbes]:
    """A kernel with 902 probes, all of them listed."""
    news = threading.Event()

    def ask(words: Sequence[str], _limit: int) -> bytes:
        return LISTING if words[1] == "-l" else OPENAT.encode() if "openat" in words[2] else b""

    cache = tmp_path_factory.mktemp("cache")
    probes = KernelProbes(Bpftrace("/usr/bin/bpftrace", Release(0, 23)), cache, news.set, ask=ask)
    probes.start()
    assert news.wait(PATIENCE)
    yield probes
    probes.close()


def test_the_whole_help_and_the_parameters_of_a_file_are_shown(kernel: KernelProbes, tmp_path: Path) -> None:
    words = "System calls that took at least the limit by process how many and the slowest of them all "
    front = f'// /// bttop\n// help = "{words * 2}the end."\n// [[parameter]]\n// name = "limit"\n'
    kind = '// kind = "duration"\n// unit = "us"\n// default = "10ms"\n// ///\n'
    (tmp_path / "slow.bt").write_text(f"{front}{kind}profile:hz:99 /nsecs > $1/ {{ @ = count(); }}\n")
    body = press(CatalogueBody(Library.load([tmp_path]), nothing_speaks_against, kernel, NIGHT))
    page = [plain(line) for line in body.page(80, 24)]
    assert "the end." in " ".join(page)
    assert any("$1 limit, duration (in us without a unit) (default 10ms)" in line for line in page)
    assert not any("…" in line for line in page)


def nothing_speaks_against(_probe: ProbeFile) -> str:
    return ""


@pytest.fixture
def body(library: Library, kernel: KernelProbes) -> CatalogueBody:
    return CatalogueBody(library, nothing_speaks_against, kernel, NIGHT)


def press(body: CatalogueBody, *keys: str) -> CatalogueBody:
    for key in keys:
        body.press(events.Key(key, key if len(key) == 1 else None))
    return body


def text(body: CatalogueBody, height: int = 24) -> str:
    return text_of(body.page(100, height))


def test_the_library_stands_before_the_probes_of_the_kernel(body: CatalogueBody) -> None:
    lines = text(body).split("\n")
    assert [line.split()[:2] for line in lines[1:4]] == [["▪", "opens"], ["▪", "reads"], ["▪", "writes"]]
    assert "Files opened" in lines[1]
    assert ":" in lines[4].split()[0]
    assert "902 probes of this kernel, 3 files of the library" in lines[0]


def test_every_word_must_be_in_the_name_or_the_title(library: Library) -> None:
    def found(typed: str) -> list[str]:
        return [entry.name for entry in library_entries(library, nothing_speaks_against, typed)]

    assert found("OPEN") == ["opens"]
    assert found("sizes wri") == ["writes"]
    assert found("sizes opens") == []
    assert found("  ") == ["opens", "reads", "writes"]


def test_what_cannot_run_here_says_why(library: Library, kernel: KernelProbes) -> None:
    body = CatalogueBody(library, lambda probe: "no such hook" if probe.path.stem == "reads" else "", kernel, NIGHT)
    shown = body.page(100, 24)
    reads = next(line for line in shown if " reads " in plain(line))
    assert "no such hook" in plain(reads)
    assert reads[0].role == "dim"


def test_typing_searches_and_puts_the_cursor_on_the_first_match(body: CatalogueBody) -> None:
    press(body, "down", "down", "down", *"openat")
    assert body.entry is not None
    assert body.entry.name == "tracepoint:syscalls:sys_enter_openat"
    assert text(body).split("\n")[0].startswith(" search: openat ")
    press(body, *["backspace"] * 2)
    assert body.entry.name == "opens"


def test_the_arguments_of_a_probe_are_asked_for_and_shown(body: CatalogueBody, kernel: KernelProbes) -> None:
    press(body, *"openat")
    text(body)
    end = time.monotonic() + PATIENCE
    while kernel.arguments("tracepoint:syscalls:sys_enter_openat") is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert text(body).split("\n")[-2].strip() == "int dfd  const char * filename"


def test_the_help_of_a_file_is_shown(body: CatalogueBody) -> None:
    assert text(body).split("\n")[-2].strip() == "Who opens what."


def test_what_is_not_there_is_said(body: CatalogueBody) -> None:
    press(body, *"nothing is called like this")
    assert body.entry is None
    assert "no match" in text(body)
    press(body, "down", "up", "pagedown")
    assert body.entry is None


def test_the_ends_of_the_list_hold(body: CatalogueBody) -> None:
    press(body, "up")
    assert body.entry is not None
    assert body.entry.name == "opens"
    press(body, *["pagedown"] * 60)
    last = body.entry
    press(body, "down")
    assert body.entry is last


def test_a_listing_that_fails_is_said_and_the_library_stays(library: Library, tmp_path: Path) -> None:
    def refuse(_words: Sequence[str], _limit: int) -> bytes:
        raise PermissionError(1, "Operation not permitted")

    news = threading.Event()
    probes = KernelProbes(Bpftrace("/usr/bin/bpftrace", Release(0, 23)), tmp_path, news.set, ask=refuse)
    body = CatalogueBody(library, nothing_speaks_against, probes, NIGHT)
    assert "listing probes …" in text(body)
    probes.start()
    assert news.wait(PATIENCE)
    probes.close()
    body.search()
    assert "cannot be listed: Operation not permitted" in text(body)
    assert "▪ opens" in text(body)


KEYS = st.sampled_from(["down", "up", "pagedown", "pageup", "t", "f", "9", "backspace"])


@settings(max_examples=60, deadline=None)
@given(st.lists(KEYS, max_size=25), st.integers(60, 160), st.integers(15, 50))
def test_the_page_fills_the_screen_with_the_entry_at_hand_in_sight(
    library: Library, kernel: KernelProbes, keys: list[str], width: int, height: int
) -> None:
    body = press(CatalogueBody(library, nothing_speaks_against, kernel, NIGHT))
    for key in ["up", *keys]:
        press(body, key)
        page = body.page(width, height)
        assert len(page) == height
        assert all(line_width(line) <= width for line in page[1:])
        at_hand = [span.text for line in page[1:] for span in line if span.role == "cursor"]
        assert [one.split()[-1] for one in at_hand] == ([body.entry.name] if body.entry else [])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(-1, 60), st.integers(15, 40), st.sampled_from(["", "o", "xyz"]))
def test_a_click_puts_the_cursor_on_the_entry_that_stands_there(
    library: Library, kernel: KernelProbes, steps: int, y: int, height: int, typed: str
) -> None:
    body = press(CatalogueBody(library, nothing_speaks_against, kernel, NIGHT), *typed, *["down"] * steps)
    page = body.page(100, height)
    before = body.entry
    standing = [plain(line[:1]).split()[-1] for line in page[1 : height - 3] if line]
    body.at_line(y)
    after: Entry | None = body.entry
    if 1 <= y <= len(standing) and before is not None:
        assert after is not None
        assert after.name == standing[y - 1]
    else:
        assert after is before
