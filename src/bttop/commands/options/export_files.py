"""The files that `bttop export` writes: their names, and the folders of a table that is divided by host and day."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bttop.commands.options.outputs import writing
from bttop.errors import BttopError, UsageError, bttop_command
from bttop.files import NewFile, make_folder, missing_folders
from bttop.model.format.unique import unique_name
from bttop.store.export.exporter import StreamExporter, TableExporter
from bttop.store.export.parquet import EXPORTER, write_rows
from bttop.store.export.partitions import partitions
from bttop.store.export.selection import Selection
from bttop.store.export.tables import ExportTable, tables
from bttop.store.snapshot.snapshot import Snapshot

INSTEAD: Final = "another -o OUT"
_LONGEST_NAME: Final = 100
"""Maximum characters of a file name before its suffix: file systems allow 255 bytes."""


def tables_of(selection: Selection) -> list[ExportTable]:
    """The tables of a selection. Raises BttopError if there are none."""
    found = list(tables(selection))
    if not found:
        raise _nothing(selection.snapshot)
    return found


def _nothing(snapshot: Snapshot) -> BttopError:
    if snapshot.problems:
        why = f"this part of the snapshot has no flush that can be read: {snapshot.problems[0]}"
        return BttopError(why, title="cannot export", hint=bttop_command("verify", snapshot.path))
    return BttopError("this part of the snapshot has no flushes", title="cannot export")


def file_names(tables: Sequence[ExportTable]) -> list[str]:
    """Return a unique file name for each table, made of program and map. A name never contains a path separator,
    whatever the name of the probe file."""
    names: list[str] = []
    for table in tables:
        name = _plain(f"{table.name.program}.{table.name.map}") or "map"
        names.append(unique_name(name, names, "{name}-{number}"))
    return names


def write_partitions(selection: Selection, exporter: StreamExporter | TableExporter, out: Path | None) -> None:
    """Write a folder per map, in it one per host and day, with files named after the recording. The folders may be
    there already, with the files of other recordings. If one file fails, none appears. Raises BttopError."""
    if exporter is not EXPORTER:
        raise UsageError("--partition is for parquet: add --format parquet", title="cannot export")
    if out is None:
        raise UsageError("--partition needs -o FOLDER", title="cannot export")
    found = tables_of(selection)
    name = _plain(selection.snapshot.path.stem) or "recording"
    with _all_or_none() as written:
        for table, folder in zip(found, file_names(found), strict=True):
            for one in partitions(selection, table, name):
                path = out / folder / one.path.with_name(f"{one.path.name}{exporter.suffix}")
                with writing(path, instead=INSTEAD):
                    written.folders[:0] = missing_folders(path.parent)
                    make_folder(path.parent)
                    with NewFile(path) as new:
                        write_rows(one.table, one.rows, new.file)
                        new.publish()
                written.files.append(path)


class _Written(NamedTuple):
    """What an export has made."""

    files: list[Path]
    folders: list[Path]
    """The innermost before those that hold them."""


@contextlib.contextmanager
def _all_or_none() -> Iterator[_Written]:
    """New files and folders, which are removed if the body of the `with` statement fails."""
    written = _Written([], [])
    try:
        yield written
    except BaseException:
        for file in written.files:
            file.unlink(missing_ok=True)
        for folder in written.folders:
            with contextlib.suppress(OSError):  # it was not made, or holds the file of another export
                folder.rmdir()
        raise


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_.")[:_LONGEST_NAME]
