"""The lines at the top of a pane that say what is wrong with its program."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.engine.program.status import ProgramState, Status
from bttop.engine.safety.idle_monitor import IDLE
from bttop.model.format.text import visible
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded, left, width


def trouble_lines(status: Status, room: int, most: int, now_ns: int) -> list[Line]:
    """The error at the top of the pane: a sentence, then bpftrace's messages."""
    lines: list[Line] = []
    complaint = status.complaint
    if status.state in (
        ProgramState.SILENT,
        ProgramState.DAMAGED,
        ProgramState.RETRYING,
        ProgramState.HELD,
        ProgramState.ENDED,
        ProgramState.UNAVAILABLE,
        ProgramState.COSTLY,
        ProgramState.FAILED,
    ):
        lines.append(
            (Span(f" {visible(status.reason)}{_next_try(status, now_ns)}{_again(status)}{_answer(status)}", "error"),)
        )
    wrapped = [piece for line in lines for piece in _wrap(line[0], room)]
    if complaint is not None:
        goes_on = "; the old one keeps running" if status.state is ProgramState.LIVE else ""
        answer = _answer(status) if status.state is not ProgramState.COSTLY else ""
        wrapped += _wrap(Span(f" {visible(complaint.title)}{goes_on}{answer}", "error"), room)
        wrapped += _quoted(complaint.lines, room)
        wrapped += [piece for hint in status.hints for piece in _wrap(Span(f" {visible(hint)}", "badge"), room)]
    if len(wrapped) > most > 0:
        rest = len(wrapped) - most + 1
        return [*wrapped[: most - 1], (Span(_cut(rest, f"{_again(status)}{_answer(status)}", room), "dim"),)]
    return wrapped


def _cut(rest: int, keys: str, room: int) -> str:
    """The last line, if `rest` lines are not shown: the key that shows them, and the keys that help."""
    text = f" … {rest} more lines: B shows them"
    return f"{text}{keys}" if width(text + keys) <= room else f" … {rest} more: B{keys}"


def _quoted(lines: Sequence[str], room: int) -> list[Line]:
    """bpftrace's messages. A source line and the mark below it are shifted to the left until the mark is visible."""
    found: list[Line] = []
    for index, text in enumerate(lines):
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if _is_mark(text) or _is_mark(below):
            mark = text if _is_mark(text) else below
            shift = max(0, len(mark.rstrip()) - room + 8) if len(mark.rstrip()) > room - 2 else 0
            found.append((Span(" " + left(visible(text)[shift:], room - 1), "warn"),))
        else:
            found += _wrap(Span(f" {visible(text)}", "warn"), room)
    return found


def _is_mark(text: str) -> bool:
    return bool(text.strip()) and not text.strip("^~ ")


def _wrap(span: Span, room: int) -> list[Line]:
    """A message over as many lines as it needs."""
    return [(Span(text, span.role),) for text in folded(span.text, room)]


def _answer(status: Status) -> str:
    """The keys that run a program that is held back (`y`), or show a cheaper one (`O`)."""
    suggestion = "; O offers it" if status.offered else ""
    return f"{suggestion}; y runs it anyway" if status.asks else suggestion


def _again(status: Status) -> str:
    """The key that starts a program again that bttop has detached."""
    if status.state is not ProgramState.HELD:
        return ""
    return "; any key starts it again" if status.reason.startswith(IDLE) else "; x starts it again"


def _next_try(status: Status, now_ns: int) -> str:
    if status.retry_at_ns is None:
        return ""
    seconds = max(0, round((status.retry_at_ns - now_ns) / 1e9))
    return f"; next start in {seconds} s" if seconds else "; restarting now"
