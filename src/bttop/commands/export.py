"""`bttop export`: a snapshot for other tools."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

from bttop.commands.options.arguments import Parser, add_recorded_hosts, with_times
from bttop.commands.options.export_files import INSTEAD, file_names, tables_of, write_partitions
from bttop.commands.options.outputs import writing
from bttop.engine.host.process.processes import PROCESS_COLUMNS, column_text
from bttop.engine.host.process.recorded_processes import RecordedProcesses
from bttop.errors import UsageError
from bttop.files import Mode, NewFile, new_folder
from bttop.model.grouping.group_columns import ProcessColumn
from bttop.model.grouping.group_flush import FlushGrouper
from bttop.output import warn, write_data
from bttop.store.export.catalogue import Exporter, exporters
from bttop.store.export.exporter import StreamExporter, TableExporter
from bttop.store.export.selection import Selection
from bttop.store.export.tables import ExportTable
from bttop.store.snapshot.extent import part_of
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.snapshot import Snapshot

_DEFAULT = "jsonl"


def run(arguments: Sequence[str]) -> int:
    """Export and report what was left out; return 1 if something could not be read."""
    parser = Parser(
        prog="bttop export",
        description="write a snapshot for other tools",
        epilog="formats:\n" + "\n".join(f"  {name:<11} {exporters()[name].summary}" for name in _formats()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--format", choices=_formats(), help="default: by the suffix of OUT, else jsonl")
    parser.add_argument("--map", default="", metavar="@MAP", help="only this map: @x, or PROGRAM:@x")
    parser.add_argument(
        "--from", dest="begin", metavar="TIME", help="03:11, 03:11:04, -5m (before the end) or ISO 8601"
    )
    parser.add_argument("--to", dest="end", metavar="TIME")
    parser.add_argument(
        "--group-by",
        metavar="COLUMN",
        help="add up the rows of each map with the same COLUMN: comm, syscall, frame, unit, container, …",
    )
    add_recorded_hosts(parser)
    parser.add_argument("-o", dest="out", metavar="OUT", help="a file, or a folder for several tables; - is stdout")
    parser.add_argument(
        "--partition",
        action="store_true",
        help="with parquet and -o FOLDER: a folder per map with host=HOST/date=DATE, for many recordings as one table",
    )
    options = parser.parse_args(with_times(arguments))
    out = None if options.out in (None, "-") else Path(options.out)
    exporter = exporters()[options.format or _format_of(out)]
    with Snapshot(options.file, options.hosts) as snapshot:
        begin_ns, end_ns = part_of(snapshot, options.begin, options.end)
        groupers = {} if options.group_by is None else _groupers(snapshot, options.group_by, exporter)
        selection = Selection(snapshot, begin_ns, end_ns, options.map, groupers)
        if options.partition:
            write_partitions(selection, exporter, out)
        elif isinstance(exporter, StreamExporter):
            _write_one(out, lambda file: exporter.write(selection, file))
        else:
            _write_tables(selection, exporter, out)
        if left_out := {name for grouper in groupers.values() for name in grouper.left_out}:
            title = next(iter(groupers.values())).title
            warn(f"bttop: left out, without a column {title}: {', '.join(sorted(left_out))}")
        for words in sorted(selection.left_out):
            warn(f"bttop: left out: {words}")
        for problem in snapshot.problems:
            warn(f"bttop: {options.file}: {problem}")
        return 1 if snapshot.problems else 0


def _groupers(snapshot: Snapshot, title: str, exporter: Exporter) -> Mapping[int, FlushGrouper]:
    """Group the rows of each host by a column. Raises UsageError if the format has no rows."""
    if not exporter.has_rows:
        formats = ", ".join(name for name in _formats() if exporters()[name].has_rows)
        raise UsageError(f"{exporter.name} has no rows to group; these formats have: {formats}", title="no --group-by")
    return {host.id: _grouper(snapshot, title, host) for host in snapshot.hosts}


def _grouper(snapshot: Snapshot, title: str, host: RecordedHost) -> FlushGrouper:
    processes = RecordedProcesses(snapshot.processes(host.id))
    columns = [ProcessColumn(name, partial(column_text, processes.get, of)) for name, of in PROCESS_COLUMNS.items()]
    return FlushGrouper(title, host.facts.decoders, columns, snapshot.frame_names(host.id).name)


def _formats() -> list[str]:
    """The names of all formats, the default first."""
    return sorted(exporters(), key=lambda name: name != _DEFAULT)


def _format_of(out: Path | None) -> str:
    """The format for the suffix of a file, else the default."""
    suffix = "" if out is None else out.suffix
    return next((one.name for one in exporters().values() if one.suffix == suffix), _DEFAULT)


def _write_tables(selection: Selection, exporter: TableExporter, out: Path | None) -> None:
    """Write one table to a file or, if it is text, to stdout; write several to a folder."""
    found = tables_of(selection)
    if out is None and (exporter.mode == "wb" or len(found) > 1):
        names = ", ".join(str(table.name) for table in found)
        raise UsageError(f"{exporter.name} needs -o FOLDER, or --map with one of: {names}")
    if out is None:
        write_data(lambda out: exporter.write(selection, found[0], out))
        return

    def write(table: ExportTable, file: IO[Any]) -> None:
        exporter.write(selection, table, file)

    is_there = os.path.isdir(out)  # noqa: PTH112  pathlib raises without permission
    if not is_there and len(found) == 1 and out.suffix:
        _write_files({out: found[0]}, exporter.mode, write)
        return
    files = {out / f"{name}{exporter.suffix}": table for table, name in zip(found, file_names(found), strict=True)}
    with writing(out, instead=INSTEAD), contextlib.nullcontext() if is_there else new_folder(out):
        _write_files(files, exporter.mode, write)


def _write_files(tables: Mapping[Path, ExportTable], mode: Mode, write: Callable[[ExportTable, IO[Any]], None]) -> None:
    """Write each table to its file; if one fails, no file appears."""
    with contextlib.ExitStack() as unpublished:
        files: dict[Path, NewFile] = {}
        for path, table in tables.items():
            with writing(path, instead=INSTEAD):
                new = files[path] = unpublished.enter_context(NewFile(path, mode))
                write(table, new.file)
                new.file.close()
        for path, new in files.items():
            with writing(path, instead=INSTEAD):
                new.publish()


def _write_one(path: Path | None, write: Callable[[IO[str]], None]) -> None:
    if path is None:
        write_data(write)
        return
    with writing(path, instead=INSTEAD), NewFile(path, "w") as new:
        write(new.file)
        new.publish()
