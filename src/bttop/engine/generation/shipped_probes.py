"""Recognizes the probe files that are part of bttop, wherever a copy of them is."""

from __future__ import annotations

from bttop.paths import shipped


def is_shipped(text: str) -> bool:
    """Whether a script is, byte by byte, one of the probe files of this bttop. Its cost is then known. A file that
    cannot be read is none."""
    content = text.encode()
    try:
        same_size = [path for path in shipped("probes").glob("*.bt") if path.stat().st_size == len(content)]
        return any(path.read_bytes() == content for path in same_size)
    except OSError:
        return False
