"""Numbers of tracepoints that are read once per block: every expression has the value that it has without the edit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from bttop.engine.host.host import Host
from bttop.engine.host.kernel.tracepoint_fields import numeric_fields
from bttop.script.language.edits import Edit, Edited
from bttop.script.rewrite.fields_once import with_fields_read_once
from bttop.script.rewrite.prepare import Prepared
from tests.real.tracing import tracing, wait_until

pytestmark = pytest.mark.real

NUMBER = ("X", "-X", "X >> 1", "X < 0", "(uint8)X")
FLAG = ("X", "X ? 1 : 2")
ADDRESS = ("X", "(uint64)X >> 3")
FIELDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "syscalls:sys_enter_pwrite64": {"fd": NUMBER, "pos": NUMBER},
    "sock:inet_sock_set_state": {"sport": NUMBER, "oldstate": NUMBER, "skaddr": ADDRESS},
    "fib:fib_table_lookup": {"tos": NUMBER, "tb_id": NUMBER},
    "kmem:kmem_cache_alloc": {"accounted": FLAG, "node": NUMBER},
}
"""Signed and unsigned numbers of 1, 2, 4 and 8 bytes, and an address."""

LOAD = """
import os, socket, sys
sys.stdin.readline()
target = os.open(os.devnull, os.O_WRONLY)
for place in [0, 5, 1 << 33, -5, 1 << 62, -1, 255, 1 << 31] * 10:
    try:
        os.pwrite(target, b"x" * (place & 7), place)
    except OSError:
        pass
for _ in range(5):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as one:
        server.accept()[0].close()
print("done", flush=True)
sys.stdin.readline()
"""


def block(name: str, fields: Mapping[str, Sequence[str]]) -> str:
    """Statements that count each expression of each field by its number and its value."""
    expressions = [one.replace("X", f"args->{field}") for field, forms in fields.items() for one in forms]
    counts = (f"@{name}[{number}, (int64)({one})] = count();" for number, one in enumerate(expressions))
    return f"{{ {' '.join(counts)} }}"


@pytest.mark.parametrize("point", FIELDS)
def test_every_expression_has_the_value_that_it_has_without_the_edit(point: str, bpftrace: str, tmp_path: Path) -> None:
    host = Host.read()
    if host.why_not("tracepoint", point):
        pytest.skip(host.why_not("tracepoint", point))
    fields = FIELDS[point]
    edited = Prepared(Edited(f"tracepoint:{point} /pid == $1/ {block('edited', fields)}\n", (Edit(0, ""),)))
    once = with_fields_read_once(edited, partial(numeric_fields, host.tracefs)).text
    assert [once.count(f"args->{field};") for field in fields] == [once.count(f"args->{field}") for field in fields]
    script = tmp_path / "both.bt"
    script.write_text(f"tracepoint:{point} /pid == $1/ {block('plain', fields)}\n{once}")
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", LOAD], stdin=pipe, stdout=pipe) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        with tracing(bpftrace, script, load.pid) as traced:
            wait_until(traced.attached, 90, "bpftrace")
            load.stdin.write(b"go\n")
            load.stdin.flush()
            assert load.stdout.readline() == b"done\n"
            maps = traced.stop()
        load.stdin.close()
    plain, found = (dict(maps[name]) for name in ("@plain", "@edited"))
    assert len({key.split(",")[0] for key in plain}) == sum(len(forms) for forms in fields.values())
    assert found == plain
