"""Snapshots that a stranger edited: every column of every table, every word of the script, every kind of line."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bttop.store.snapshot.recording_events import BTTOP, CostSampled, MarkSet, ProcessSeen, StatusChanged
from bttop.store.snapshot.tables.schema import TABLES
from tests.model.samples import SECOND, beat
from tests.store.export.kit import CALLS, CALLS_PRINTS, PROFILE, PROFILE_PRINTS
from tests.store.made import Session, at, made
from tests.ui.hostile import HOSTILE

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DEEP: Final = "[" * 20_000 + "]" * 20_000
MANY: Final = "[" + "[]," * 20_000 + "[]]"
BAD: Final[Mapping[str, object]] = {
    "NULL": None,
    "empty text": "",
    "a word": "soon",
    "a number as text": "12",
    "bytes": b"\x00\xff",
    "a fraction": 0.5,
    "minus one": -1,
    "the smallest": -(1 << 63),
    "the largest": (1 << 63) - 1,
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "long text": "x" * ((1 << 20) + 1),
    "deep JSON": DEEP,
    "a long list": MANY,
    "NaN in JSON": '{"pid": NaN, "started": 1e999, "parents": [[NaN, 1e999]]}',
    "names": "|".join(HOSTILE).encode(errors="replace").decode(),
    "NUL": "a\x00b",
}
"""What SQLite lets a column hold, whatever its type says."""
NOT_UTF_8: Final = b"a\xff\xfe\x80"

BAD_JSON: Final[Mapping[str, str]] = {
    "null": "null",
    "a word": '"soon"',
    "minus one": "-1",
    "a huge number": "9" * 4000,
    "no number": "NaN",
    "infinity": "1e999",
    "Infinity": "-Infinity",
    "half a character": '"\\ud800"',
    "deep": DEEP,
    "a list of lists": "[[],[[]]]",
    "a long list": MANY,
    "an object": '{"a": {"b": NaN}}',
    "names": json.dumps([*HOSTILE]),
    "a name": json.dumps(HOSTILE[0]),
}
"""What JSON of a script or a line may have in the place of a value."""


def recording(folder: Path) -> Path:
    """A recording that has a row in every table, three programs, and lines in no block."""
    return made(
        folder / "s.bttop",
        Session("calls", CALLS, CALLS_PRINTS * 2),
        Session("profile", PROFILE, PROFILE_PRINTS, generation=2, program=2, first=1.5),
        Session("more", CALLS, CALLS_PRINTS, generation=3, program=3),
        ended=False,
        others=[
            *(StatusChanged(program, at(1), "live", "", "said") for program in (1, 2, 3)),
            MarkSet(at(1), "user", "here"),
            MarkSet(at(2), "user", "there"),
            *(CostSampled(program, at(2), {"run": 0.1, "events": 5.0, "cpu": 0.1}) for program in (BTTOP, 1, 2)),
            ProcessSeen(7, at(1), {"pid": 7, "comm": "dd", "started": 1.0, "parents": []}),
        ],
    )


def sealed(folder: Path) -> Path:
    """The same, with every line in a block."""
    return made(
        folder / "s.bttop",
        Session("calls", CALLS, CALLS_PRINTS * 2),
        Session("profile", PROFILE, PROFILE_PRINTS, generation=2, program=2, first=1.5),
        others=[StatusChanged(1, at(1), "live", ""), MarkSet(at(1), "user", "here")],
    )


def columns() -> list[tuple[str, str]]:
    """Every column of every table, as the tables themselves have them."""
    database = sqlite3.connect(":memory:")
    found = []
    for table, statement in TABLES.items():
        database.execute(statement)
        found += [(table, row[1]) for row in database.execute(f"PRAGMA table_info({table})")]
    database.close()
    return found


def with_cell(whole: Path, path: Path, table: str, column: str, value: object) -> bool:
    """A copy with one cell replaced, against the type and NOT NULL of its column; False where SQLite itself refuses."""
    shutil.copy(whole, path)
    database = sqlite3.connect(path, isolation_level=None)
    _drop_not_null(database)
    if value is NOT_UTF_8:
        value, mark = NOT_UTF_8, "CAST(? AS TEXT)"
    else:
        mark = "?"
    first = {"meta": "name = 'bttop'", "cost": "program = 1"}.get(table, f"id = (SELECT min(id) FROM {table})")
    try:
        database.execute(f"UPDATE {table} SET {column} = {mark} WHERE {first}", (value,))
    except sqlite3.IntegrityError:
        return False
    finally:
        _restore_schema(database)
        database.close()
    return True


def with_rows(whole: Path, path: Path, table: str, column: str) -> int:
    """A copy with the first row again for each bad value of one of its columns; how many SQLite took. Both paths may be
    the same."""
    if whole != path:
        shutil.copy(whole, path)
    database = sqlite3.connect(path, isolation_level=None)
    _drop_not_null(database)
    names = [name for one, name in columns() if one == table]
    others = {"id": "NULL", "name": "'more'"} if table == "meta" else {"id": "NULL"}
    taken = 0
    for value in (*BAD.values(), NOT_UTF_8):
        mark = "CAST(? AS TEXT)" if value is NOT_UTF_8 else "?"
        cells = ", ".join([mark if name == column else others.get(name, name) for name in names])
        try:
            database.execute(f"INSERT INTO {table} SELECT {cells} FROM {table} LIMIT 1", (value,))
            taken += 1
        except sqlite3.IntegrityError:
            continue
    _restore_schema(database)
    database.close()
    return taken


def with_everything(whole: Path, path: Path) -> None:
    """A copy with such rows for every column of every table, apart from the facts about the session and its host, which
    there are one of each."""
    shutil.copy(whole, path)
    for table, column in columns():
        if table not in ("meta", "host"):
            with_rows(path, path, table, column)


def with_facts(whole: Path, path: Path, name: str, value: object) -> None:
    """A copy with one fact of `meta` replaced."""
    shutil.copy(whole, path)
    database = sqlite3.connect(path, isolation_level=None)
    mark = "CAST(? AS TEXT)" if value is NOT_UTF_8 else "?"
    database.execute(f"UPDATE meta SET value = {mark} WHERE name = ?", (value, name))
    database.close()


def with_script(whole: Path, path: Path, script: str) -> None:
    """A copy whose first generation has another script."""
    shutil.copy(whole, path)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("UPDATE generation SET script = ? WHERE id = 1", (zstd.compress(script.encode()),))
    database.close()


def with_block(whole: Path, path: Path, text: bytes) -> None:
    """A copy whose first block unpacks to a text, as long and with as many lines as is stated."""
    shutil.copy(whole, path)
    database = sqlite3.connect(path, isolation_level=None)
    values = (zstd.compress(text), len(text), text.count(b"\n"))
    database.execute("UPDATE block SET data = ?, size = ?, lines = ? WHERE id = 1", values)
    database.close()


def scripts(whole: Path, value: str) -> Iterator[tuple[str, str]]:
    """The first script with each of its values replaced by other JSON, and the way to what was replaced."""
    database = sqlite3.connect(whole)
    (packed,) = database.execute("SELECT script FROM generation WHERE id = 1").fetchone()
    database.close()
    script = json.loads(zstd.decompress(packed))
    script["badges"] = [["badge", "why"]]
    script["plan"]["maps"][0]["numbered"] = [0, 0, 0]
    for place in places(script):
        yield ".".join(map(str, place)), replaced(script, place, value)


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value within a value of JSON; of lists to the first."""
    yield place
    if isinstance(value, dict):
        for name, one in value.items():
            yield from places(one, (*place, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*place, 0))


def replaced(value: Any, place: tuple[str | int, ...], text: str) -> str:
    """JSON of a value with another text at a place."""
    if not place:
        return text
    copy = json.loads(json.dumps(value))
    inner = copy
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = "\x00here"
    return json.dumps(copy).replace(json.dumps("\x00here"), text)


def lines(value: str) -> list[bytes]:
    """Lines of every kind with other JSON in the place of their values."""
    bucket = f'[{{"min": {value}, "max": {value}, "count": {value}}}]'
    stats = f'{{"dd": {{"count": {value}, "average": {value}, "total": {value}}}}}'
    maps = (("map", "@calls"), ("hist", "@bytes"), ("stats", "@sizes"), ("map", "@big"), ("map", "@unknown"))
    found = [
        *(f'"type": "{kind}", "data": {{"{name}": {value}}}' for kind, name in maps),
        *(f'"type": "{kind}", "data": {{"{name}": {{"1": {value}}}}}' for kind, name in maps),
        f'"type": "hist", "data": {{"@bytes": {bucket}}}',
        f'"type": "stats", "data": {{"@sizes": {stats}}}',
        *(
            f'"type": "{kind}", "data": {value}'
            for kind in ("printf", "value", "time", "attached_probes", "helper_error")
        ),
        f'"type": "lost_events", "data": {{"events": {value}}}',
    ]
    return [f"{{{one}}}".encode() for one in found]


def heartbeats() -> list[bytes]:
    """Heartbeats of moments that no clock shows."""
    numbers = ("-1", "0", str(1 << 63), "9" * 20)
    moments = ("0", str(1 << 62), "9" * 20)
    return [
        f'{{"type": "value", "data": [0,[0,{number},{nsecs}]]}}'.encode() for number in numbers for nsecs in moments
    ]


def block_of(*data: bytes) -> bytes:
    """The text of a block of lines between two heartbeats."""
    beats = [beat(one, at(one).boot_ns).encode() for one in (1, 2)]
    every = [beats[0], *data, beats[1]]
    moments = [at(1).boot_ns, *([0] * len(data)), SECOND]
    head = {"boot_ns": moments, "wall_ns": [at(0).wall_ns - at(0).boot_ns, *([0] * (len(every) - 1))]}
    return b"\n".join([json.dumps({**head, "stderr": [], "oversized": []}).encode(), *every])


def _drop_not_null(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA writable_schema = ON")
    database.execute("UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
    # Read anew: whoever opens the file next finds the tables as they were.
    database.execute("PRAGMA writable_schema = RESET")


def _restore_schema(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA writable_schema = ON")
    for table, statement in TABLES.items():
        database.execute("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", (statement, table))
    database.execute("PRAGMA writable_schema = RESET")


def _many_lines(whole: Path, path: Path) -> None:
    with_block(whole, path, b'{"boot_ns":[],"wall_ns":[],"stderr":[],"oversized":[]}' + b"\n" * 8_000_000)


def _unstated_lines(whole: Path, path: Path) -> None:
    with_block(whole, path, b'{"boot_ns":[],"wall_ns":[],"stderr":[],"oversized":[]}' + b"\n" * 1_000_000)
    _edited(path, "UPDATE block SET lines = 240 WHERE id = 1")


def _zeros(whole: Path, path: Path) -> None:
    with_block(whole, path, bytes(63 << 20) + b"\n")


def _lists_in_lines(whole: Path, path: Path) -> None:
    line = b'{"type": "value", "data": [' + b"[]," * 3_900_000 + b"[]]}"
    noise = random.Random(1)
    others = [b'{"type": "printf", "data": "%s"}' % noise.randbytes(60_000).hex().encode() for _ in range(3)]
    with_block(whole, path, block_of(*[line] * 5, *others))


def _stamps(whole: Path, path: Path) -> None:
    with_block(whole, path, b'{"boot_ns":[' + b"1," * 900_000 + b'1],"wall_ns":[],"stderr":[],"oversized":[]}\n{}')


def _lists(whole: Path, path: Path) -> None:
    with_script(whole, path, '{"text": ["' + "[]," * 600_000 + '"]}')


def _long_script(whole: Path, path: Path) -> None:
    with_script(whole, path, '{"text": [' + "[]," * 20_000_000 + "[]]}")


def _long_name(whole: Path, path: Path) -> None:
    with_cell(whole, path, "program", "name", "\u6f22" * 16_000_000)


def _edited(path: Path, statement: str) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(statement)
    database.close()


BOMBS: Final[Mapping[str, Callable[[Path, Path], None]]] = {
    "lines": _many_lines,
    "lines that are not stated": _unstated_lines,
    "zeros": _zeros,
    "lists in lines": _lists_in_lines,
    "stamps": _stamps,
    "lists": _lists,
    "a long script": _long_script,
    "a name": _long_name,
}
"""Files that are small, and large once they are read."""
