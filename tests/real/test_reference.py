"""Every example of bpftrace's language reference that a release compiles, it also compiles as edited and pinned."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import pytest

from bttop.engine.host.host import find_bpftrace
from bttop.engine.tracer.program_check import check_options
from bttop.model.record.release import Release
from bttop.model.record.releases import NEWEST_KNOWN, traits_of
from bttop.script.language.reader import read
from bttop.script.messages.diagnostics import parse_diagnostics, undefined_maps
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare
from tests.script.language.reference import SNIPPETS, Snippet

pytestmark = pytest.mark.real

REFUSED: Final = {
    "Conditionals: a statement that begins with a variable": "0.27 reads it as an assignment, against its reference",
    "Literals: suffixes of C": "0.27 takes none, against its reference",
    "asyncwatchpoint": "removed in 0.25, but still in the reference",
    "avg: of a map that counts up": "0.27 gives the average the type of the counter, against its reference",
    "cgroupid: of a folder": "needs a cgroup2 hierarchy at this place",
    "unwatch": "0.27 crashes",
}
"""Sections whose example 0.27 does not compile, with the reason."""
FICKLE: Final = frozenset({"strncmp"})
"""Sections whose example 0.27 refuses at some starts and takes at others."""


def said_by(bpftrace: str, release: Release, text: str, *args: str) -> str:
    """What bpftrace has against a text; empty if it compiles."""
    command = [bpftrace, *check_options(release), "--unsafe", "-e", text, *args]
    environment = {**os.environ, "BPFTRACE_MISSING_PROBES": "warn"}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=environment)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr or f"exit code {ended.returncode}"


def faults(bpftrace: str, release: Release, snippet: Snippet) -> tuple[bool, str]:
    """Whether a release compiles an example, and what it has against its edited and pinned form."""
    if said_by(bpftrace, release, snippet.text):
        return False, ""
    traits = traits_of(release)
    one = prepare(
        read(snippet.text),
        pin=Pin(pids=(os.getpid(),)),
        new_keys_collide=traits.new_keys_collide,
        empty_is_zero=traits.empty_is_zero,
    )
    said = said_by(bpftrace, release, one.text, *one.args)
    return True, f"{snippet.name}\n{one.text}\n{said}" if said and not _is_left_out(said) else ""


def _is_left_out(said: str) -> bool:
    """Whether nothing is wrong but maps that no probe fills: those that do not exist on this host are left out. Then
    bttop leaves out the maps."""
    errors = [one for one in parse_diagnostics(said.splitlines()) if one.is_error]
    return bool(errors) and all(undefined_maps([one]) for one in errors)


@pytest.mark.timeout(600)
def test_what_compiles_does_so_edited_and_pinned(bpftrace: str) -> None:
    tried = [one for one in SNIPPETS if one.section not in FICKLE]
    release = find_bpftrace(bpftrace).release
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = list(pool.map(partial(faults, bpftrace, release), tried))
    assert [fault for _, fault in found if fault] == []
    refused = {one.section for one, (compiles, _) in zip(tried, found, strict=True) if not compiles}
    if release[:2] == NEWEST_KNOWN[:2]:
        assert refused <= set(REFUSED)
