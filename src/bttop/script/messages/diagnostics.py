"""Parses bpftrace's messages about a script and shows them at the user's own line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.patterns import pattern

PositionMap = Callable[[int, int], tuple[int, int]]
"""Maps a line and byte column of the text that bpftrace ran to those of the user's text."""

_PLACED = pattern(
    r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+)(?:-(?P<end>\d+))?|-(?P<last>\d+))?: "
    r"(?P<severity>ERROR|WARNING|INFO|HINT|BUG|FATAL|(?:fatal )?error|warning|note): (?P<message>.*)"
)
_BARE = pattern(r"(?P<severity>ERROR|WARNING|INFO|HINT|BUG|FATAL): (?P<message>.*)")
_CARETS = pattern(r"\s*[~^]+\s*")
_UNDEFINED = pattern(r"Undefined map: (@[A-Za-z0-9_]*)")
_NO_MAP = pattern(
    r"failed to create map: '(?P<map>[^']*)': (?P<why>Cannot allocate memory|Operation not permitted)", re.IGNORECASE
)
_OPTIONS: Final = pattern(r"program command line option")
_NO_REASON: Final = "Unknown BPF object load failure"
_HARMLESS: Final = ("couldn't set RLIMIT_MEMLOCK", "Addrspace is not set")
_INCLUSIONS: Final = "definitions.h"
"""The name that bpftrace gives to the C part of a script."""
_NOT_FOUND: Final = pattern(r"'(?P<header>[^']+)' file not found")
_INCLUDE: Final = pattern(r'\s*#\s*include\s*[<"](?P<header>[^>"]+)[>"]')
_OF_KERNEL: Final = pattern(
    r"/(?:include|generated|src/linux-[^/]+|lib/modules/.*)/(?:(?:uapi|generated)/)?"
    r"(?:linux|asm|asm-generic|net|scsi|drm|sound|crypto|trace|rdma|kvm|vdso|xen|video|media)/"
)
HEADERS: Final = (
    "kernel headers are missing: install linux-headers-$(uname -r) (Debian, Ubuntu) or kernel-devel (Fedora)"
)
_ADVICE: Final = " If this is expected, set the 'missing_probes' config variable to 'warn'."
"""Advice of bpftrace from 0.24 on, which is removed: bttop sets this variable automatically."""
_OF_CLANG: Final = {"fatal error": "ERROR", "error": "ERROR", "warning": "WARNING", "note": "INFO"}


class Diagnostic(Struct, frozen=True):
    """One message of bpftrace."""

    severity: str
    """ERROR, WARNING, INFO, HINT, BUG or FATAL."""
    message: str
    file: str = ""
    """As bpftrace names it; `stdin` for a text given with `-e`. Empty if the message has no place."""
    line: int = 0
    """From 1; 0 if the message has no place."""
    column: int = 0
    """First byte, from 1; 0 if the message spans lines or has no column."""
    end_column: int = 0
    """The byte after the last one; 0 if unknown."""
    last_line: int = 0
    """Last line of a span over several lines, else 0."""
    source: str = ""
    """The source line as bpftrace shows it, with tabs as spaces."""
    carets: str = ""
    """The line of `~` or `^` below it."""

    @property
    def is_error(self) -> bool:
        return self.severity in ("ERROR", "BUG", "FATAL")

    @property
    def is_in_header(self) -> bool:
        """Whether it is about an included file; bpftrace's compiler for C names the file as it found it."""
        return self.file == _INCLUSIONS or self.file.endswith((".h", ".hpp"))


def parse_diagnostics(lines: Sequence[str], original_position: PositionMap | None = None) -> tuple[Diagnostic, ...]:
    """Read bpftrace's messages from stderr or (warnings, 0.24 and newer) stdout. Skips other lines. Never raises.

    `original_position` (see `Prepared`) converts places in the edited text to places in the user's own.
    """
    found: list[Diagnostic] = []
    for line in lines:
        message = _message(line)
        if message is not None:
            if not any(text in message.message for text in _HARMLESS):
                found.append(message)
        elif found and found[-1].line and not found[-1].carets:
            found[-1] = _with_echo(found[-1], line)
    if original_position is None:
        return tuple(found)
    return tuple(_moved(one, original_position) for one in found)


def no_memory(lines: Iterable[str]) -> str:
    """Why the kernel has created none of the maps, if it lacked memory or may have; empty if bpftrace does not report
    that. From 0.22 on bpftrace gives no reason when a map cannot be created, while a refused program is named."""
    for line in lines:
        if _NO_REASON in line:
            return "bpftrace does not say why; most often memory is short"
        found = _NO_MAP.search(line)
        if found is not None:
            return f"{found['map']}: {found['why']}"
    return ""


def refuses_options(lines: Sequence[str]) -> bool:
    """Whether bpftrace's messages say that it ends because of a script's named options (0.24 and newer)."""
    return any(one.is_error and _OPTIONS.search(one.message) for one in parse_diagnostics(lines))


def undefined_maps(diagnostics: Iterable[Diagnostic]) -> frozenset[str]:
    """Maps, named as in bpftrace's text, that no probe fills: 0.24 and newer drop probes that do not exist on this
    host."""
    found = (_UNDEFINED.search(one.message) for one in diagnostics if one.is_error)
    return frozenset(one[1] for one in found if one is not None)


def explained(diagnostics: Iterable[Diagnostic], name: str, original: str) -> list[str]:
    """The lines that explain why bpftrace refused a script: each error once. Of errors in headers only the first is
    shown: the others follow from it. Errors in the kernel's headers end with the packages that contain these."""
    errors = list(dict.fromkeys(replace(one, source="", carets="") for one in diagnostics if one.is_error))
    in_headers = [one for one in errors if one.is_in_header]
    if not in_headers:
        return [line for one in errors for line in render(one, name, original)]
    more = f"and {len(in_headers) - 1} more errors in headers" if len(in_headers) > 1 else ""
    advice = HEADERS if any(_is_about_kernel(one) for one in in_headers) else ""
    return [*render(in_headers[0], name, original), *filter(None, (more, advice))]


def render(diagnostic: Diagnostic, name: str, original: str) -> list[str]:
    """Lines to show: place and message, then the user's own line with a mark below the place. A message about a header
    has the header's place; if that is the list of what the script includes, the place of its own `#include`."""
    if diagnostic.file == _INCLUSIONS:
        diagnostic = _at_inclusion(diagnostic, original)
    elif diagnostic.is_in_header:
        where = ":".join(str(one) for one in (diagnostic.file, diagnostic.line, diagnostic.column) if one)
        return [f"{where} {diagnostic.message}"]
    if not diagnostic.line:
        return [f"{name}: {diagnostic.message}"]
    where = f"{name}:{diagnostic.line}" + (f":{diagnostic.column}" if diagnostic.column else "")
    lines = original.split("\n")
    head = f"{where} {diagnostic.message}"
    if diagnostic.line > len(lines):
        return [head]
    source = lines[diagnostic.line - 1].rstrip("\r")
    return [head, *([source.expandtabs(4)] if source.strip() else []), *_mark(diagnostic, source)]


def _at_inclusion(diagnostic: Diagnostic, original: str) -> Diagnostic:
    """The message at the script's own `#include` of the header that it names; without a place if there is none."""
    named = _NOT_FOUND.match(diagnostic.message)
    for number, line in enumerate(original.split("\n"), 1):
        found = _INCLUDE.match(line)
        if found is not None and named is not None and found["header"] == named["header"]:
            column = len(line[: found.start("header")].encode()) + 1
            return replace(diagnostic, line=number, column=column, end_column=column + len(found["header"].encode()))
    return replace(diagnostic, line=0)


def _is_about_kernel(diagnostic: Diagnostic) -> bool:
    """Whether a message is about a header of the kernel: one that is missing, or one with an error."""
    named = _NOT_FOUND.match(diagnostic.message)
    return _OF_KERNEL.search(diagnostic.file if named is None else f"/include/{named['header']}") is not None


def _message(line: str) -> Diagnostic | None:
    placed = _PLACED.fullmatch(line)
    if placed is None:
        bare = _BARE.fullmatch(line)
        return None if bare is None else Diagnostic(bare["severity"], bare["message"].removesuffix(_ADVICE))
    return Diagnostic(
        severity=_OF_CLANG.get(placed["severity"], placed["severity"]),
        message=placed["message"].removesuffix(_ADVICE),
        file=placed["file"],
        line=_number(placed["line"]),
        column=_number(placed["column"]),
        end_column=_number(placed["end"]),
        last_line=_number(placed["last"]),
    )


def _number(digits: str | None) -> int:
    """A line or column; 0 for none, and for 10 or more digits."""
    return int(digits) if digits and len(digits) < 10 else 0


def _with_echo(diagnostic: Diagnostic, line: str) -> Diagnostic:
    if diagnostic.source and _CARETS.fullmatch(line):
        return replace(diagnostic, carets=line)
    return diagnostic if diagnostic.source else replace(diagnostic, source=line)


def _moved(diagnostic: Diagnostic, original_position: PositionMap) -> Diagnostic:
    if diagnostic.file not in ("stdin", "-e") or not diagnostic.line:
        return diagnostic
    line, column = original_position(diagnostic.line, diagnostic.column or 1)
    end_line, end = original_position(diagnostic.line, diagnostic.end_column or 1)
    last = original_position(diagnostic.last_line, 1)[0] if diagnostic.last_line else 0
    spans = diagnostic.end_column and end_line == line
    return replace(
        diagnostic,
        line=line,
        column=column if diagnostic.column else 0,
        end_column=max(end, column + 1) if spans else 0,
        last_line=last,
    )


def _mark(diagnostic: Diagnostic, source: str) -> list[str]:
    if not diagnostic.column or not source.strip():
        return []
    before = source.encode()[: diagnostic.column - 1].decode(errors="ignore")
    covered = source.encode()[diagnostic.column - 1 : max(diagnostic.end_column - 1, diagnostic.column)]
    width = max(len(covered.decode(errors="ignore").expandtabs(4)), 1)
    return [" " * len(before.expandtabs(4)) + "^" + "~" * (width - 1)]
