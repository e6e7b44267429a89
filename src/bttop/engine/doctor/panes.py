"""Checks the five panes of the dashboard: which of a question's scripts can attach here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bttop.engine.doctor.finding import DoctorContext, Finding, FindingState
from bttop.engine.generation.raw_tracepoints import why_no_raw
from bttop.engine.generation.source import Source
from bttop.engine.request.questions import Asked, questions
from bttop.script.language.reader import Script
from bttop.script.library.ladder import LADDER
from bttop.script.library.probe_files import Library


def panes(patient: DoctorContext, library: Library, broken: Sequence[str] = ()) -> Iterator[Finding]:
    """One finding for each question of the ladder. `broken`: names of broken findings, with which no pane runs."""
    for question in questions(library, Asked()):
        if question.name in LADDER and broken:
            why = f"nothing runs: see {', '.join(broken)}"
            yield Finding(f"pane {question.name}", FindingState.BROKEN, why, "this pane cannot answer here")
        elif question.name in LADDER:
            yield _pane(patient, question.name, question.sources, question.failure)


def _pane(patient: DoctorContext, question: str, sources: tuple[Source, ...], failure: str) -> Finding:
    name = f"pane {question}"
    if failure or not sources:
        return Finding(name, FindingState.BROKEN, failure or "its probe file is missing", "this pane stays empty")
    if patient.host.tracefs is None:
        return Finding(name, FindingState.UNKNOWN, "only root can read tracefs, which lists its probes")
    reasons = [why_not(patient, source) or _why_no_raw(patient, source) for source in sources]
    usable = next((index for index, why in enumerate(reasons) if not why), None)
    if usable is None:
        return Finding(name, FindingState.BROKEN, reasons[0], "this pane cannot answer here")
    if usable:
        return Finding(
            name, FindingState.LIMITED, f"by {sources[usable].name}: {reasons[0]}", "it shows less; its badge says what"
        )
    return Finding(name, FindingState.OK, f"by {sources[0].name}")


def _why_no_raw(patient: DoctorContext, source: Source) -> str:
    """Why the raw tracepoints of a script cannot be used, so that its fallback runs; else empty."""
    if patient.bpftrace is None or not isinstance(source.script, Script):
        return ""
    release = patient.bpftrace.release
    return next((why for one in source.script.points if (why := why_no_raw(one, patient.host, release))), "")


def why_not(patient: DoctorContext, source: Source) -> str:
    """Why a script cannot attach here; empty if it can."""
    if not isinstance(source.script, Script):
        return ""
    return patient.host.why_unavailable([(one.provider, one.rest) for one in source.script.points])
