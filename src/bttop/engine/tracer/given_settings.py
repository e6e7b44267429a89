"""Which variables and options of a pasted command line bpftrace gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bttop.engine.host.included_files import GivenFiles
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of

Settings = tuple[tuple[str, str], ...]

_NEW_NAMES: Final = {"BPFTRACE_STRLEN": "BPFTRACE_MAX_STRLEN", "BPFTRACE_CAT_BYTES_MAX": "BPFTRACE_MAX_CAT_BYTES"}
"""Settings that 0.20 renamed; the newer releases ignore the old names."""
_FILES: Final = frozenset({"BPFTRACE_KERNEL_SOURCE", "BPFTRACE_KERNEL_BUILD", "BPFTRACE_BTF", "BPFTRACE_VMLINUX"})
_KEPT: Final = _FILES | {
    *_NEW_NAMES, *_NEW_NAMES.values(), "BPFTRACE_MAX_PROBES", "BPFTRACE_MAX_BPF_PROGS", "BPFTRACE_LOG_SIZE",
    "BPFTRACE_PERF_RB_PAGES", "BPFTRACE_MAX_TYPE_RES_ITERATIONS", "BPFTRACE_NO_CPP_DEMANGLE", "BPFTRACE_CPP_DEMANGLE",
    "BPFTRACE_NODE_MAX", "BPFTRACE_MAX_AST_NODES", "BPFTRACE_ON_STACK_LIMIT", "BPFTRACE_LICENSE",
}  # fmt: skip
"""The variables that bpftrace gets. The others decide what bpftrace prints, which bttop must know to read it."""
_FOLDERS: Final = ("-I", "--debuginfo")
_VALUED: Final = ("--include", "--traceable-functions", *_FOLDERS, "--dwarf-pid", "--no-feature")


def kept_settings(given: Settings) -> Settings:
    """The variables of a command line that bpftrace gets; paths are absolute."""
    return tuple((name, _absolute(value) if name in _FILES else value) for name, value in given if name in _KEPT)


def left_out_settings(given: Settings) -> Iterator[str]:
    """The variables of a command line that bpftrace does not get."""
    yield from (f"{name}={value}" for name, value in given if name not in _KEPT)


def renamed(given: Settings, release: Release) -> dict[str, str]:
    """The variables by the names that a release knows."""
    names = _NEW_NAMES if traits_of(release).new_map_limit else {new: old for old, new in _NEW_NAMES.items()}
    return {names.get(name, name): value for name, value in given}


def absolute_options(options: Sequence[str]) -> tuple[str, ...]:
    """The options with absolute paths: bpftrace may run in another folder. A header that is not in the current folder
    is found by its name."""
    found: list[str] = []
    for name, value in _pairs(options):
        is_header = name == "--include" and Path(value).expanduser().exists()
        is_path = is_header or name in (*_FOLDERS, "--traceable-functions")
        found += [name, *([_absolute(value) if is_path else value] if name in _VALUED else [])]
    return tuple(found)


def files_of(options: Sequence[str], settings: Iterable[tuple[str, str]]) -> GivenFiles:
    """The files that bpftrace reads because of kept options and variables."""
    pairs = tuple(_pairs(options))
    others = [Path(value) for name, value in settings if name in _FILES]
    others += [Path(value) for name, value in pairs if name in ("--debuginfo", "--traceable-functions")]
    folders = tuple(Path(value) for name, value in pairs if name == "-I")
    return GivenFiles(folders, tuple(value for name, value in pairs if name == "--include"), tuple(others))


def _pairs(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options, each with its value; the value is empty for those without one."""
    words = iter(options)
    for name in words:
        yield name, next(words, "") if name in _VALUED else ""


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
