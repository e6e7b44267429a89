"""A search for probes of this kernel or of a program, such as `tracepoint:tcp:*`: what bpftrace must list for it, and
which of the listed probes match.

What the releases list for a search (tried with 0.17, 0.23 and 0.27): 0.17 repeats the search for `hardware:*` and
`software:*`, 0.27 finds their names only by `hardware:*` and `software:*`, no release reads `?`, and up to 0.21 fentry
is called kfunc. So bpftrace is asked a wider question, and the matches are chosen here.

Pure: no input or output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import provider_of
from bttop.script.library.listed_probes import ListedProbe
from bttop.script.library.probe_names import ProbeNames
from bttop.script.library.starters import Argument

KERNEL: Final = ("hardware", "software", "tracepoint", "rawtracepoint", "kprobe", "fentry", "iter")
"""The providers that a search without a provider includes, in the order of the answer."""
USER: Final = frozenset({"uprobe", "uretprobe", "usdt"})
FUNCTIONS: Final = frozenset({"kprobe", "kretprobe", "fentry", "fexit"})
_ENTRIES: Final = {"kretprobe": "kprobe", "uretprobe": "uprobe", "fexit": "fentry"}
"""The provider that bpftrace lists for a provider of returns: the same functions."""
_LIKE: Final = 0.8
"""Least similarity of a misspelt name (difflib)."""
_SAME: Final = 2
"""Number of first letters that are the same in a misspelt name."""
_LETTERS: Final = 3
"""Most letters by which the length of a misspelt name differs."""
_SHORTEST: Final = 3
"""Least length of a name for which others are searched."""
_RAW_SINCE: Final = Release(0, 18)
_UNLISTED: Final = {
    "interval": "interval:s:1",
    "profile": "profile:hz:99",
    "watchpoint": "watchpoint:ADDRESS:LENGTH:MODE",
    "asyncwatchpoint": "asyncwatchpoint:ADDRESS:LENGTH:MODE",
    "begin": "BEGIN",
    "end": "END",
    "self": "self:signal:SIGUSR1",
    "bench": "bench:NAME",
}
"""Providers whose attach points are written and not chosen from a list, each with an example."""
_KNOWN: Final = frozenset({"*", *KERNEL, *USER, *FUNCTIONS, *_UNLISTED})
"""What can stand before the first colon of a search."""
_EVENTS: Final = {
    "hardware": "backend-stalls branch-instructions branch-misses branches bus-cycles cache-misses cache-references "
    "cpu-cycles cycles frontend-stalls instructions ref-cycles",
    "software": "alignment-faults bpf-output context-switches cpu cpu-clock cpu-migrations cs dummy emulation-faults "
    "faults major-faults minor-faults page-faults task-clock",
}
"""The events of perf_event_open that bpftrace has names for, for the releases that do not list them."""


class ProbeQuestion(Struct, frozen=True):
    """A search for probes. `*` matches any text, `?` one character."""

    text: str
    """As typed."""
    provider: str
    """Long name in lower case, possibly with a wildcard."""
    rest: str
    """What follows the provider; the whole search if it names no provider."""

    def providers(self, release: Release) -> tuple[str, ...]:
        """The providers to list with a release; none that it does not know."""
        if _is_wild(self.provider):
            return tuple(one for one in KERNEL if _is_like(self.provider, one) and _knows(release, one))
        return (self.provider,) if _knows(release, self.provider) else ()

    @property
    def is_known(self) -> bool:
        """Whether the provider is one of bpftrace's, or has a wildcard."""
        return _is_wild(self.provider) or self.provider in {*KERNEL, *FUNCTIONS, *USER, *_UNLISTED}

    @property
    def example(self) -> str:
        """An attach point of a provider that has no list; empty for other providers."""
        return _UNLISTED.get(self.provider, "")

    @property
    def path(self) -> str:
        """The file of a search in a program; empty if it is a library by name, or a search in the kernel."""
        target = self.rest.strip('"').partition(":")[0].strip('"')
        return target if self.provider in USER and "/" in target and not _is_wild(target) else ""

    def search(self, provider: str, release: Release) -> list[str]:
        """The arguments for bpftrace that list the probes of one provider, at least those that match."""
        listed = _ENTRIES.get(provider, provider)
        if listed in ("hardware", "software", "iter"):
            return ["-lv", f"{listed}:*"]
        if listed in USER and traits_of(release).missing_is_error:
            # From 0.24 a search supports neither library names nor quoted paths; a program does.
            return ["-lv", "-e", f'config = {{ missing_probes = "ignore" }} {listed}:{_widened(self.rest)} {{ }}']
        if listed == "tracepoint" and ":" not in self.rest:
            return ["-lv", "tracepoint:*"]
        if listed == "fentry" and not traits_of(release).calls_fentry:
            listed = "kfunc"
        return ["-lv", f"{listed}:{_widened(self.rest)}"]

    def matches(self, provider: str, listed: Iterable[ListedProbe]) -> Iterator[ListedProbe]:
        """The listed probes that match, under the name of `provider`, in the order of their names, each once."""
        found = {one.name: one for one in self._named(provider, listed) if self._fits(provider, one.rest)}
        yield from (found[name] for name in sorted(found))

    def _named(self, provider: str, listed: Iterable[ListedProbe]) -> Iterator[ListedProbe]:
        wanted = _ENTRIES.get(provider, provider)
        for one in listed:
            if provider_of(one.provider) != wanted:
                continue
            names = _EVENTS.get(wanted, "").split() if _is_wild(one.rest) else [one.rest]
            for name in names:
                yield ListedProbe(f"{provider}:{name}", tuple(_arguments(provider, one.arguments)))

    def _fits(self, provider: str, rest: str) -> bool:
        last = rest.rpartition(":")[2]
        if provider in USER:
            # bpftrace has resolved the path and matched the rest, apart from `?`.
            return "?" not in self.rest or _is_like(self._last, last)
        if ":" not in self.rest:
            groups = [rest.partition(":")[0]] if provider == "tracepoint" else []
            return any(_is_like(self.rest, part) for part in (rest, last, *groups))
        # Up to 0.21 functions are listed without their module.
        is_bare = provider in FUNCTIONS and ":" not in rest
        return _is_like(self.rest, rest) or (is_bare and _is_like(self._last, rest))

    @property
    def _last(self) -> str:
        return self.rest.rpartition(":")[2]


def is_question(text: str) -> bool:
    """Whether a text searches for probes: it names a provider, or has a wildcard. A path does not."""
    return not text.startswith((".", "/", "~")) and (":" in text or _is_wild(text))


def read_question(text: str) -> ProbeQuestion:
    """Read a search. Without a provider it concerns all of the kernel's probes: the last part of their names."""
    provider, colon, rest = text.strip().partition(":")
    return ProbeQuestion(text, provider_of(provider), rest) if colon else ProbeQuestion(text, "*", text.strip())


def nearby(question: ProbeQuestion, names: ProbeNames) -> Iterator[str]:
    """Searches that may match where this one does not, the nearest first: with a provider, other providers, a misspelt
    name, fewer words of the event's name, its group."""
    group, _, event = question.rest.rpartition(":")
    bare = event.strip("*?")
    if question.provider not in _KNOWN:
        yield f"tracepoint:{question.provider}:{event}"
    if len(bare) >= _SHORTEST:
        yield from (f"tracepoint:*:{event}", f"*{bare}*", closest(question, names))
    words = [word for word in bare.split("_") if word]
    yield from (f"tracepoint:*:{'_'.join(words[:count])}_*" for count in range(len(words) - 1, 0, -1))
    if group.strip("*?"):
        yield f"tracepoint:*{group.strip('*?')}*:*"


def closest(question: ProbeQuestion, names: ProbeNames) -> str:
    """The probe whose name differs from the searched one by a few letters, not the first ones; empty if none does."""
    event = question.rest.rpartition(":")[2].strip("*?")
    known: dict[str, str] = {}
    for name in names.text.decode(errors="replace").split("\n"):
        last = name.rpartition(":")[2]
        # A kernel has 100,000 names, and comparing one takes 10 us.
        if last[:_SAME] == event[:_SAME] and abs(len(last) - len(event)) <= _LETTERS:
            known.setdefault(last, name)
    return next((known[one] for one in get_close_matches(event, known, 1, _LIKE)), "")


def with_function_arguments(probes: Iterable[ListedProbe], functions: Iterable[ListedProbe]) -> Iterator[ListedProbe]:
    """Kprobes with the arguments of the same functions from a listing of fentry; at the return, only its value."""
    known = {one.rest.rpartition(":")[2]: one.arguments for one in functions}
    for probe in probes:
        arguments = known.get(probe.rest.rpartition(":")[2], ())
        at_return = probe.provider == "kretprobe"
        yield probe._replace(arguments=tuple(one for one in arguments if (one.name == "retval") == at_return))


def _arguments(provider: str, arguments: Iterable[Argument]) -> Iterator[Argument]:
    """The arguments that the probe has: the listing of fentry includes `retval`, which only its fexit has."""
    return (one for one in arguments if provider != "fentry" or one.name != "retval")


def _knows(release: Release, provider: str) -> bool:
    if provider == "rawtracepoint":
        return release >= _RAW_SINCE
    return provider in {*KERNEL, *FUNCTIONS, *USER}


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


def _widened(rest: str) -> str:
    return rest.replace("?", "*")


def _glob(pattern: str) -> re.Pattern[str]:
    words = {"*": ".*", "?": "."}
    return re.compile("".join(words.get(one, re.escape(one)) for one in pattern), re.DOTALL)


def _is_like(pattern: str, text: str) -> bool:
    return _glob(pattern).fullmatch(text) is not None
