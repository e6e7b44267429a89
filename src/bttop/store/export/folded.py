"""Folded stacks for flame graph tools."""

from __future__ import annotations

from typing import IO

from bttop.model.format.text import visible
from bttop.store.export.exporter import StreamExporter
from bttop.store.export.selection import Selection
from bttop.store.export.stacks import folded


def write_folded(selection: Selection, out: IO[str]) -> None:
    """Write one line per stack: its frames, outermost first, joined by semicolons, and its weight over the whole span.
    Kernel frames above user frames end in `_[k]`, which flame graph tools recognise. Of several hosts, the outermost
    frame is the host."""
    for name, stacks in folded(selection).items():
        host = (visible(name.host),) if name.host else ()
        for frames, weight in sorted(stacks):
            out.write(f"{';'.join(frame.replace(';', ':') for frame in (*host, *frames))} {weight}\n")


EXPORTER = StreamExporter(
    "folded",
    ".folded",
    "stacks over the whole span, one per line, for flame graph tools; kernel frames end in `_[k]`",
    write_folded,
)
