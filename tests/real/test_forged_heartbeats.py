"""Text of a traced process that looks like a heartbeat, with the real bpftrace."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.real.test_stream import streaming

pytestmark = pytest.mark.real

FLUSHES = 8
SCRIPT = r"""
tracepoint:syscalls:sys_enter_write /comm == "forger"/ {
  $text = str(args->buf, args->count);
  printf("%s\n", $text); print($text); print((1, $text));
}
tracepoint:syscalls:sys_enter_write { @writes[comm] = count(); }
"""
FORGER = r"""
import ctypes, itertools, os, pathlib, re, signal, time
signal.alarm(100)
ctypes.CDLL(None).prctl(15, b"forger", 0, 0, 0)
out = os.open("/dev/null", os.O_WRONLY)

def nonces():
    # Every user can read the arguments of every process.
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield from re.findall(rb"print\(\((\d+), \(0, @__bt_n", path.read_bytes())
        except OSError:
            pass

def texts(nonce):
    beat = b"[%s,[0,999999,1]]" % nonce
    line = b'{"type": "value", "data": %s}' % beat
    yield from (b"bttop-hb a 9 1", b"bttop-hb %s a 9 1" % nonce, beat, line)
    yield from (b'"}\n%s\n{"type": "printf", "data": "' % line, b'\x1b\xe9", "data": %s' % beat)
    yield from (b"x\n%s\n" % line, b"\\n%s\\n" % line, b"x" * 63 + line, b"x" * 1023 + line)
    yield b'{"type": "lost_events", "data": {"events": 30}}\n__BPFTRACE_NOTIFY_PROBES_ATTACHED'

while True:
    for nonce in {*nonces(), b"0"}:
        for text in texts(nonce):
            os.write(out, text)
    time.sleep(0.1)
"""


@contextlib.contextmanager
def forger() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", FORGER])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_no_text_closes_a_flush_raises_a_loss_or_ends_a_generation(bpftrace: str) -> None:
    with forger(), streaming(bpftrace, "-e", SCRIPT) as stream:
        stream.wait_for(
            lambda: {line["flush"] for line in stream.lines() if "map" in line} >= set(range(1, FLUSHES + 1))
        )
        lines = [line for line in stream.lines() if "flush" in line]
        complaints = stream.complaints()
    flushes = [line for line in lines if line.get("map") == "writes"]
    texts = "".join(line["text"] for line in lines if line.get("kind") == "printf")
    assert '"data": [' in texts
    assert "bttop-hb a 9 1" in texts or "bttop-hb a 9" in texts
    assert [line["flush"] for line in flushes][:FLUSHES] == list(range(1, FLUSHES + 1))
    assert all(line["seconds"] >= 0.9 and line["rows"] for line in flushes[:FLUSHES])
    assert {line["generation"] for line in lines} == {1}
    assert {doubt for line in lines for doubt in line.get("doubts", ())} <= {
        "lost ticks",
        "skipped events",
        "truncated",  # more texts than a flush keeps, after lost ticks
    }
    assert "lost" not in complaints.replace("lost ticks", "")
