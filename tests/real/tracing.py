"""Running the real bpftrace on one script: start it, wait until it is attached, stop it, read its maps."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest

from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of

PROBES = Path(__file__).parents[2] / "probes"

# bpftrace prints this word after the last attach when the variable of that name is set (0.14 and newer).
_READY = b"__BPFTRACE_NOTIFY_PROBES_ATTACHED"

_START_SECONDS = 90.0
_STOP_SECONDS = 60.0

# 0.17 and 0.18 can miss a SIGINT; a second one that comes while the maps are printed ends bpftrace at once.
_PATIENCE_SECONDS = 8.0

Rows = list[tuple[str, Any]]
"""A printed map: key text and decoded value; a map without keys has the one key ``""``. Stack keys repeat."""


class RefusedError(Exception):
    """bpftrace ended before it was attached; the text is what it said."""


def binaries() -> tuple[str, ...]:
    """The distribution's bpftrace and those named by BTTOP_TEST_BPFTRACE (colon-separated)."""
    found = shutil.which("bpftrace")
    more = [path for path in os.environ.get("BTTOP_TEST_BPFTRACE", "").split(":") if path]
    return (*([found] if found else []), *more)


def unable(reason: str) -> NoReturn:
    """Skip a test that cannot trace here. In continuous integration it fails: there, tracing has to work."""
    if os.environ.get("CI"):
        pytest.fail(f"cannot trace in continuous integration: {reason}")
    pytest.skip(reason)


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Look again and again until the condition holds; raises `AssertionError` after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


class Tracing:
    """One running bpftrace."""

    def __init__(self, process: subprocess.Popen[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self._process = process
        self._stdout, self._stderr = stdout, stderr

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def output(self) -> bytes:
        """Everything on stdout so far."""
        return Path(self._stdout.name).read_bytes()

    def complaints(self) -> bytes:
        """Everything on stderr so far."""
        return Path(self._stderr.name).read_bytes()

    def attached(self) -> bool:
        # On stderr up to 0.22, on stdout since.
        return _READY in self.output() or _READY in self.complaints()

    def skipped(self) -> int:
        """For how many events the kernel has not run its BPF programs."""
        folder = Path(f"/proc/{self.pid}/fdinfo")
        texts = [path.read_text() for path in folder.iterdir()]
        return sum(int(found[1]) for text in texts if (found := re.search(r"recursion_misses:\s*(\d+)", text)))

    def stop(self) -> dict[str, Rows]:
        """Ctrl-C, again if it takes long; returns the maps that bpftrace printed at its end."""
        end = time.monotonic() + _STOP_SECONDS
        while not self.ended:
            assert time.monotonic() < end, "bpftrace did not stop"
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_SECONDS)
        assert self._process.returncode == 0, (self.output() + self.complaints()).decode(errors="replace")
        return printed_maps(self.output())


@contextlib.contextmanager
def tracing(binary: str, script: Path, *arguments: object) -> Iterator[Tracing]:
    """Run `binary -f json script arguments...`, attached when the block begins and gone when it ends.

    Raises `RefusedError` when bpftrace ends before it is attached.
    """
    words = [binary, "-f", "json", script.name, *(str(argument) for argument in arguments)]
    # Names of user frames cost 0.17 its own descriptors; no test here looks at them.
    environment = {**os.environ, _READY.decode(): "1", "BPFTRACE_NO_USER_SYMBOLS": "1"}
    with tempfile.NamedTemporaryFile() as stdout, tempfile.NamedTemporaryFile() as stderr:
        process = subprocess.Popen(
            words, cwd=script.parent, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
        traced = Tracing(process, stdout, stderr)
        try:
            wait_until(lambda: traced.attached() or traced.ended, _START_SECONDS, "bpftrace")
            if traced.ended:
                raise RefusedError((traced.output() + traced.complaints()).decode(errors="replace"))
            yield traced
        finally:
            process.kill()
            process.wait()


def printed_maps(output: bytes) -> dict[str, Rows]:
    """The maps in bpftrace's JSON lines; every other line is passed over."""
    found: dict[str, Rows] = {}
    for line in output.splitlines():
        if not line.startswith(b'{"type": "'):
            continue
        record = dict(json.loads(line, object_pairs_hook=list))
        if record["type"] in ("map", "hist", "stats"):
            for name, value in record["data"]:
                found[name] = _rows(value)
    return found


def _rows(value: Any) -> Rows:
    """Objects arrive as lists of pairs, so that repeated keys survive; a histogram is a list of such."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return [(key, _plain(inner)) for key, inner in value]
    return [("", _plain(value))]


def _plain(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return dict(value)
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def refusal(binary: str, script: Path, *arguments: object) -> str:
    """What bpftrace says when it cannot attach the script, or an empty string when it can. A file of the library, which
    no test changes, is tried once."""
    ask = _refusal_of_library if script.parent == PROBES else _refusal
    return ask(binary, script, *arguments)


def _refusal(binary: str, script: Path, *arguments: object) -> str:
    try:
        with tracing(binary, script, *arguments):
            return ""
    except RefusedError as problem:
        return str(problem) or "no reason given"


_refusal_of_library = functools.cache(_refusal)


def has_raw_tracepoints(binary: str) -> bool:
    """Whether its release can be relied on to attach to raw tracepoints."""
    said = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout
    release = Release.parse(said)
    return release is not None and traits_of(release).raw_tracepoints


def reason_line(text: str) -> str:
    """The line of bpftrace's answer that tells most."""
    errors = [line for line in text.splitlines() if "ERROR" in line and "RLIMIT_MEMLOCK" not in line]
    return (errors or text.splitlines() or ["no answer"])[-1]


def key_is(rows: Rows, *parts: object) -> Rows:
    """The rows with exactly this key."""
    return [row for row in rows if row[0] == _joined(parts)]


def key_starts(rows: Rows, *parts: object) -> Rows:
    """The rows whose key begins with these parts."""
    return [row for row in rows if row[0].startswith(f"{_joined(parts)},")]


def _joined(parts: tuple[object, ...]) -> str:
    return ",".join(str(part) for part in parts)
