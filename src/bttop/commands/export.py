"""`bttop export`: a snapshot for other tools."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from bttop.commands.arguments import Parser, with_times
from bttop.errors import BttopError, UsageError
from bttop.files import create, make_folder
from bttop.model.names import Decoder, decoders
from bttop.output import warn, write_data
from bttop.store.export.csvfile import write_csv
from bttop.store.export.lines import write_lines
from bttop.store.export.parquet import write_parquet
from bttop.store.export.selection import Selection
from bttop.store.export.stackfiles import write_folded, write_speedscope
from bttop.store.export.tables import Table, tables
from bttop.store.opening import CannotReview
from bttop.store.snapshot import Snapshot
from bttop.store.times import span_of

FORMATS = ("jsonl", "csv", "parquet", "folded", "speedscope")
_SUFFIXES = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".folded": "folded", ".json": "speedscope"}
_LONGEST_NAME = 100
"""Characters of a file's name before its ending: file systems take 255 bytes."""
_STREAMED: Mapping[str, Callable[[Selection, IO[str]], None]] = {
    "jsonl": lambda selection, out: write_lines(selection, decoders(selection.snapshot.facts.machine), out),
    "folded": write_folded,
    "speedscope": write_speedscope,
}


def run(arguments: Sequence[str]) -> int:
    """Export and say what was left out; 1 when something could not be read."""
    parser = Parser(prog="bttop export", description="write a snapshot for other tools")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--format", choices=FORMATS, help="by the ending of OUT when it is left out, else jsonl")
    parser.add_argument("--map", default="", metavar="@MAP", help="only this map: @x, or PROGRAM:@x")
    parser.add_argument(
        "--from", dest="begin", metavar="TIME", help="03:11, 03:11:04, -5m (before the end) or ISO 8601"
    )
    parser.add_argument("--to", dest="end", metavar="TIME")
    parser.add_argument("-o", dest="out", metavar="OUT", help="a file, or for several tables a folder; - is stdout")
    options = parser.parse_args(with_times(arguments))
    out = None if options.out in (None, "-") else Path(options.out)
    format_ = options.format or (_SUFFIXES.get(out.suffix, "jsonl") if out else "jsonl")
    with Snapshot(options.file) as snapshot:
        begin_ns, end_ns = span_of(snapshot, options.begin, options.end)
        selection = Selection(snapshot, begin_ns, end_ns, options.map)
        if format_ in _STREAMED:
            _write_one(out, lambda file: _STREAMED[format_](selection, file))
        else:
            _write_tables(selection, format_, out)
        for problem in snapshot.problems:
            warn(f"bttop: {options.file}: {problem}")
        return 1 if snapshot.problems else 0


def _write_tables(selection: Selection, format_: str, out: Path | None) -> None:
    """One table to a file or, where it can be, to stdout; several to a folder."""
    named = decoders(selection.snapshot.facts.machine)
    found = list(tables(selection, named))
    if not found:
        raise BttopError("nothing was flushed in this part of the snapshot", title="cannot export")
    if out is None and (format_ == "parquet" or len(found) > 1):
        names = ", ".join(str(table.name) for table in found)
        raise UsageError(f"{format_} needs -o OUT, or one map of: {names}", hint="--map @x, or -o FOLDER")
    is_folder = out is not None and (out.is_dir() or (len(found) > 1 or not out.suffix))
    for table, name in zip(found, _file_names(found), strict=True):
        path = out / f"{name}.{format_}" if out is not None and is_folder else out
        _write_table(selection, table, format_, named, path)


def _write_table(
    selection: Selection, table: Table, format_: str, named: Mapping[str, Decoder], path: Path | None
) -> None:
    if format_ == "csv" or path is None:
        _write_one(path, lambda file: write_csv(selection, table, named, file))
        return
    with _writing(path):
        make_folder(path.parent)
        write_parquet(selection, table, named, path)


def _write_one(path: Path | None, write: Callable[[IO[str]], None]) -> None:
    if path is None:
        write_data(write)
        return
    with _writing(path):
        make_folder(path.parent)
        with os.fdopen(create(path), "w", encoding="utf-8", newline="") as file:
            write(file)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Errors of the file system as ours. A snapshot's own errors pass."""
    try:
        yield
    except FileExistsError as error:
        raise BttopError(f"{path} is there already", title="cannot export", hint=f"rm {path}") from error
    except CannotReview:
        raise
    except OSError as error:
        raise BttopError(f"{path}: {error.strerror}", title="cannot export", hint=f"ls -ld {path.parent}") from error


def _file_names(tables: Sequence[Table]) -> list[str]:
    """Program and map as a file name for each table; whatever a probe file is called, it stays one name in one folder,
    and no two are the same."""
    names: list[str] = []
    for table in tables:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{table.name.program}.{table.name.map}").strip("_.")
        name = plain[:_LONGEST_NAME] or "map"
        again = (f"{name}-{number}" for number in itertools.count(2))
        names.append(next(one for one in itertools.chain((name,), again) if one not in names))
    return names
