"""`bttop export`: a snapshot for other tools."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from bttop.commands.arguments import Parser, with_times
from bttop.commands.outputs import writing
from bttop.errors import BttopError, UsageError
from bttop.files import Mode, NewFile, new_folder
from bttop.model.names import decoders
from bttop.output import warn, write_data
from bttop.store.export.csvfile import write_csv
from bttop.store.export.lines import write_lines
from bttop.store.export.parquet import write_parquet
from bttop.store.export.selection import Selection
from bttop.store.export.stackfiles import write_folded, write_speedscope
from bttop.store.export.tables import Table, tables
from bttop.store.extent import part_of
from bttop.store.snapshot import Snapshot

FORMATS = ("jsonl", "csv", "parquet", "folded", "speedscope")
_SUFFIXES = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".folded": "folded", ".json": "speedscope"}
_LONGEST_NAME = 100
"""Characters of a file's name before its ending: file systems take 255 bytes."""
_INSTEAD = "another -o OUT"
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
        begin_ns, end_ns = part_of(snapshot, options.begin, options.end)
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
    if out is None:
        write_data(lambda out: write_csv(selection, found[0], named, out))
        return

    def write(table: Table, file: IO[Any]) -> None:
        if format_ == "csv":
            write_csv(selection, table, named, file)
        else:
            write_parquet(selection, table, named, file)

    mode: Mode = "w" if format_ == "csv" else "wb"
    is_there = os.path.isdir(out)  # noqa: PTH112  pathlib raises where it may not look
    if not is_there and len(found) == 1 and out.suffix:
        _write_files({out: found[0]}, mode, write)
        return
    files = {out / f"{name}.{format_}": table for table, name in zip(found, _file_names(found), strict=True)}
    with writing(out, instead=_INSTEAD), contextlib.nullcontext() if is_there else new_folder(out):
        _write_files(files, mode, write)


def _write_files(tables: Mapping[Path, Table], mode: Mode, write: Callable[[Table, IO[Any]], None]) -> None:
    """Each table to its file or, where one of them cannot be written, none."""
    with contextlib.ExitStack() as unpublished:
        files: dict[Path, NewFile] = {}
        for path, table in tables.items():
            with writing(path, instead=_INSTEAD):
                new = files[path] = unpublished.enter_context(NewFile(path, mode))
                write(table, new.file)
                new.file.close()
        for path, new in files.items():
            with writing(path, instead=_INSTEAD):
                new.publish()


def _write_one(path: Path | None, write: Callable[[IO[str]], None]) -> None:
    if path is None:
        write_data(write)
        return
    with writing(path, instead=_INSTEAD), NewFile(path, "w") as new:
        write(new.file)
        new.publish()


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
