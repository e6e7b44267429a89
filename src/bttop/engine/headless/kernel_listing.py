"""`bttop probes 'tracepoint:tcp:*'`: lists the probes that match a search, each with its arguments."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from bttop.engine.generation.stable_hints import is_here
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.tracer.bpftrace_queries import Answer
from bttop.errors import BttopError, bttop_command
from bttop.model.record.releases import NEWEST_KNOWN, traits_of
from bttop.script.library.listed_probes import ListedProbe, listed_probes
from bttop.script.library.probe_names import ProbeNames
from bttop.script.library.probe_question import (
    FUNCTIONS,
    USER,
    ProbeQuestion,
    nearby,
    read_question,
    with_function_arguments,
)
from bttop.script.library.starters import Argument
from bttop.script.library.tracepoint_hints import stable_hints
from bttop.script.messages.diagnostics import parse_diagnostics

LONGEST_LISTING: Final = 256 << 20
"""Bytes of one answer. The listing of every kernel function with its arguments has 10 to 20 MB."""
_KPROBES: Final = frozenset({"kprobe", "kretprobe"})

Ask: TypeAlias = Callable[[Sequence[str], int], Answer]
"""Runs a command with bpftrace's privilege and returns at most the given number of bytes. Raises OSError."""


class KernelListing:
    """Answers searches for probes."""

    def __init__(self, bpftrace: Bpftrace, host: Host, ask: Ask) -> None:
        self._bpftrace = bpftrace
        self._host = host
        self._ask = ask

    def lines(self, question: ProbeQuestion) -> list[str]:
        """The probes that match: a line with the name, and below it one indented line per argument. Raises BttopError
        if none matches or the listing is incomplete."""
        if question.example:
            why = f"{question.provider} probes are not listed: write one, such as {question.example}"
            raise BttopError(why, title=question.text)
        found, why = self._find(question)
        if not found:
            raise BttopError(self._reason(question, why), title="no such probe", hint=self._next_best(question))
        return [line for probe in found for line in _block(probe)]

    def _find(self, question: ProbeQuestion) -> tuple[list[ListedProbe], str]:
        """The matching probes, and bpftrace's first complaint."""
        found: list[ListedProbe] = []
        complaints = []
        for provider in question.providers(self._bpftrace.release):
            why = self._why_no(provider)
            if not why:
                answer = self._list(question, provider)
                found += self._matching(question, provider, answer)
                why = _complaint(answer)
            complaints.append(why)
        return found, next((why for why in complaints if why), "")

    def _why_no(self, provider: str) -> str:
        """Why this kernel has no probes of a provider for functions; empty if it has, or for other providers."""
        return self._host.why_not(provider, "any") if provider in FUNCTIONS else ""

    def _list(self, question: ProbeQuestion, provider: str) -> Answer:
        words = [self._bpftrace.path, *question.search(provider, self._bpftrace.release)]
        try:
            answer = self._ask(words, LONGEST_LISTING)
        except OSError as error:
            why = f"the probes cannot be listed: {error.strerror or error}"
            raise BttopError(why, title=question.text, hint=shlex.join(words)) from error
        if answer.code is None:
            why = f"the listing is longer than {LONGEST_LISTING >> 20} MiB: search for fewer probes"
            raise BttopError(why, title=question.text, hint=shlex.join(words))
        return answer

    def _matching(self, question: ProbeQuestion, provider: str, answer: Answer) -> list[ListedProbe]:
        found = list(question.matches(provider, _probes(answer)))
        if not found or provider not in _KPROBES or self._why_no("fentry"):
            return found
        # bpftrace lists the arguments of a function only with its fentry.
        functions = _probes(self._list(question, "fentry"))
        return list(with_function_arguments(found, functions))

    def _reason(self, question: ProbeQuestion, why: str) -> str:
        text = f"nothing here matches {question.text}"
        if question.path and not os.path.exists(question.path):  # noqa: PTH110  pathlib raises without permission
            return f"{text}: there is no file {question.path}"
        if question.provider in USER and ":" not in question.rest:
            return f"{text}: a search in a program has its path and a name, such as {question.provider}:/bin/bash:*"
        if not question.is_known:
            return f"{text}: bpftrace has no provider {question.provider!r}"
        release = self._bpftrace.release
        if question.provider == "iter" and not why:
            why = f"bpftrace {release} finds no iterator that this kernel supports"
        if question.provider == "rawtracepoint" and not traits_of(release).raw_tracepoints:
            why = f"bpftrace {release} does not find every raw tracepoint (0.19 to 0.23 do)"
        return f"{text}: {why}" if why else text

    def _next_best(self, question: ProbeQuestion) -> str:
        """The command that lists something near, or an empty string."""
        if question.provider in USER:
            everything = f"{question.provider}:{question.path}:*"
            is_there = os.path.exists(question.path)  # noqa: PTH110  pathlib raises without permission
            return _command(everything) if is_there and question.text != everything else ""
        names = self._names()
        hints = [one for one in stable_hints(f"{question.provider}:{question.rest}") if is_here(one, self._host)]
        if len(hints) == 1:
            return _command(hints[0].tracepoint)
        known = [ListedProbe(name) for name in names.text.decode(errors="replace").split("\n") if name]
        near = (one for one in nearby(question, names) if one and _has_match(read_question(one), known))
        return next((_command(one) for one in near), "")

    def _names(self) -> ProbeNames:
        try:
            answer = self._ask([self._bpftrace.path, "-l"], LONGEST_LISTING)
        except OSError:
            return ProbeNames()
        return ProbeNames(answer.output().splitlines())


def _has_match(question: ProbeQuestion, known: Sequence[ListedProbe]) -> bool:
    providers = {one.provider for one in known} & {*question.providers(NEWEST_KNOWN)}
    return any(True for provider in providers for _ in question.matches(provider, known))


def _command(search: str) -> str:
    return bttop_command("probes", search)


def _probes(answer: Answer) -> Iterator[ListedProbe]:
    return listed_probes(answer.output().decode(errors="replace").split("\n"))


def _complaint(answer: Answer) -> str:
    """The first error in bpftrace's messages; empty if there is none."""
    messages = [line.decode(errors="replace") for stream, line in answer.lines if stream == "stderr"]
    return next((one.message for one in parse_diagnostics(messages) if one.is_error), "")


def _block(probe: ListedProbe) -> Iterator[str]:
    yield probe.name
    for index, argument in enumerate(probe.arguments):
        # A kprobe's script reads its arguments by number.
        number = f"  // arg{index}" if probe.provider == "kprobe" else ""
        yield f"    {_declaration(argument)}{number}"


def _declaration(argument: Argument) -> str:
    """An argument as C declares it: `char comm[16]`."""
    kind, bracket, size = argument.type.partition("[")
    return f"{kind} {argument.name}{bracket}{size}" if argument.name else argument.type
