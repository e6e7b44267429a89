"""The five panes of the dashboard: which of a question's scripts can attach here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bttop.engine.attempts import Source
from bttop.engine.doctor.finding import Finding, Patient, State
from bttop.engine.questions import LADDER, questions
from bttop.engine.rawpoints import why_no_raw
from bttop.script.library import Library
from bttop.script.reader import Script


def panes(patient: Patient, library: Library, broken: Sequence[str] = ()) -> Iterator[Finding]:
    """One finding for each question of the ladder. `broken` names what was found without which nothing runs."""
    for question in questions(library, (), ()):
        if question.name in LADDER and broken:
            why = f"nothing runs: see {', '.join(broken)}"
            yield Finding(f"pane {question.name}", State.BROKEN, why, "this pane cannot answer here")
        elif question.name in LADDER:
            yield _pane(patient, question.name, question.sources, question.failure)


def _pane(patient: Patient, question: str, sources: tuple[Source, ...], failure: str) -> Finding:
    name = f"pane {question}"
    if failure or not sources:
        return Finding(name, State.BROKEN, failure or "its probe file is missing", "this pane stays empty")
    if patient.host.tracefs is None:
        return Finding(name, State.UNKNOWN, "tracefs tells; only root may read it")
    reasons = [why_not(patient, source) or _why_no_raw(patient, source) for source in sources]
    usable = next((index for index, why in enumerate(reasons) if not why), None)
    if usable is None:
        return Finding(name, State.BROKEN, reasons[0], "this pane cannot answer here")
    if usable:
        return Finding(
            name, State.LIMITED, f"by {sources[usable].name}: {reasons[0]}", "it says less; its badge says what"
        )
    return Finding(name, State.OK, f"by {sources[0].name}")


def _why_no_raw(patient: Patient, source: Source) -> str:
    """Why the raw tracepoints of a script are left to its fallback, or an empty string."""
    if patient.bpftrace is None or not isinstance(source.script, Script):
        return ""
    release = patient.bpftrace.release
    return next((why for one in source.script.points if (why := why_no_raw(one, patient.host, release))), "")


def why_not(patient: Patient, source: Source) -> str:
    """Why a script cannot attach here, or an empty string."""
    if not isinstance(source.script, Script):
        return ""
    return patient.host.why_unavailable([(one.provider, one.rest) for one in source.script.points])
