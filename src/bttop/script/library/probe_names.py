"""The names of all probes of a kernel (the list of `bpftrace -l`), searched while the user types.

A kernel has 50,000 to 150,000 probes. One text takes a tenth of the memory of as many strings, and a search takes a few
milliseconds per key press.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from bttop.patterns import pattern

LONGEST_NAME: Final = 512
"""Maximum length in bytes; longer lines are not probes. The longest kernel function names have about 500."""

_NAME: Final = pattern(rb"[a-zA-Z]+(?::[^\s:*{},\"/\x00-\x20\x7f-\xff]+)+")
_ORDER: Final = (b"tracepoint", b"kprobe", b"fentry", b"kfunc", b"rawtracepoint", b"software", b"hardware")
"""Order of the providers among equally good matches: those that are stable between kernels come first."""
_MOST_LOOKED_AT: Final = 20_000
"""Maximum number of lines that one search of several words examines."""
_SAME_AS: Final = {
    "t": "tracepoint", "k": "kprobe", "kr": "kretprobe", "f": "fentry", "fr": "fexit", "rt": "rawtracepoint",
    "s": "software", "h": "hardware", "it": "iter",
}  # fmt: skip
_LISTED_AS: Final = {
    "kretprobe": ("kprobe",),
    "fentry": ("fentry", "kfunc"),
    "kfunc": ("kfunc", "fentry"),
    "fexit": ("fentry", "kfunc"),
    "kretfunc": ("kfunc", "fentry"),
}
"""Providers that bpftrace lists under another name, or under a name that depends on the release: the names to look for.
`fentry` is `kfunc` up to 0.21."""


class _Region(NamedTuple):
    """The part of the text that holds the probes of one provider."""

    start: int
    end: int
    skip: int = 0
    """Number of characters at the start of each line that are not searched: the provider, if the query names it."""


class ProbeNames:
    """The names of probes, in the form that a script uses as an attach point. Immutable."""

    __slots__ = ("_count", "_lower", "_regions", "_text")

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        """`lines` are the output of `bpftrace -l`. Wildcards, warnings and providers without a name are skipped."""
        by_provider: dict[bytes, bytearray] = {}
        self._count = 0
        last = b""
        for line in lines:
            name = line.strip().removesuffix(b":")
            # A function that exists twice is listed on two consecutive lines.
            if name != last and len(name) <= LONGEST_NAME and _NAME.fullmatch(name):
                by_provider.setdefault(name.partition(b":")[0], bytearray()).extend(name + b"\n")
                self._count += 1
            last = name
        self._regions: dict[str, _Region] = {}
        text = bytearray(b"\n")
        for provider in sorted(by_provider, key=_rank):
            start = len(text) - 1
            text += by_provider.pop(provider)
            self._regions[provider.decode()] = _Region(start, len(text))
        self._text = bytes(text)
        self._lower = self._text.lower()

    @property
    def text(self) -> bytes:
        """All names, one per line."""
        return self._text[1:]

    def __len__(self) -> int:
        return self._count

    def __contains__(self, probe: object) -> bool:
        """Whether an attach point names a known probe. Aliases and return probes are resolved first."""
        if not isinstance(probe, str) or "\n" in probe:
            return False
        provider, _, rest = probe.partition(":")
        provider = _SAME_AS.get(provider, provider)
        return any(f"\n{listed}:{rest}\n".encode(errors="replace") in self._text for listed in _listed_as(provider))

    def search(self, text: str, limit: int = 200) -> Sequence[str]:
        """At most `limit` matching names, the best first. The order for one word: at the start of a part of the name,
        at the start of the whole name, at the start of a word, anywhere. Several words may be in any order. Case does
        not matter; `*` separates words like a space.

        A query that begins with a provider (`kprobe:`, `t:`) finds only its probes, under that provider's name.
        """
        provider, regions, rest = self._scope(text.strip())
        words = [word.encode(errors="replace").lower() for word in re.split(r"[\s*]+", rest) if word]
        found: dict[int, None] = {}
        for hits in self._stages(words, regions):
            better = sorted((at for at in hits(limit) if at not in found), key=self._fit)
            found.update(dict.fromkeys(better[: limit - len(found)]))
            if len(found) >= limit:
                break
        return [self._shown(at, provider) for at in found]

    def _scope(self, query: str) -> tuple[str, list[_Region], str]:
        """The provider that the query names (or ''), the regions to search, and the rest of the query."""
        head, colon, rest = query.partition(":")
        provider = _SAME_AS.get(head.lower(), head.lower())
        listed = [one for one in _listed_as(provider) if one in self._regions]
        if colon and listed:
            region = self._regions[listed[0]]
            return provider, [region._replace(skip=len(listed[0]) + 1)], rest
        return "", list(self._regions.values()), query

    def _stages(self, words: list[bytes], regions: list[_Region]) -> Iterator[_Stage]:
        if not words:
            yield _Stage(self._lower, regions, b"\n")
        elif len(words) > 1:
            rarest = min(words, key=self._lower.count)
            yield _Stage(self._lower, regions, rarest, tuple(word for word in words if word != rarest))
        else:
            for before in (b":", b"\n", b"_", b""):
                yield _Stage(self._lower, regions, before + words[0])

    def _fit(self, at: int) -> tuple[int, int]:
        """Sort key among the names of one stage, smallest first: shorter names, then earlier ones."""
        end = self._text.index(b"\n", at)
        return end - self._text.rindex(b":", at, end), at

    def _shown(self, at: int, provider: str) -> str:
        name = self._text[at : self._text.index(b"\n", at)].decode()
        return f"{provider}:{name.partition(':')[2]}" if provider else name


class _Stage(Struct, frozen=True):
    """One way in which a name can match."""

    lower: bytes
    regions: list[_Region]
    needle: bytes
    others: tuple[bytes, ...] = ()
    """The name must contain these too."""

    def __call__(self, limit: int) -> list[int]:
        """The offsets of the first matching lines: up to 4 times `limit`, from which the best are chosen."""
        found: dict[int, None] = {}
        looked_at = 0
        for region in self.regions:
            for line in self._lines(region):
                looked_at += 1
                if all(self._holds(line + region.skip, word) for word in self.others):
                    found[line] = None
                if len(found) >= 4 * limit or looked_at >= _MOST_LOOKED_AT:
                    return list(found)
        return list(found)

    def _holds(self, start: int, word: bytes) -> bool:
        return self.lower.find(word, start, self.lower.index(b"\n", start)) >= 0

    def _lines(self, region: _Region) -> Iterator[int]:
        at = self.lower.find(self.needle, region.start, region.end)
        while 0 <= at < region.end - 1:
            line = self.lower.rfind(b"\n", 0, at + 1) + 1
            # The colon after the provider may be part of the needle.
            if at < line + region.skip - 1 and self.needle != b"\n":
                at = self.lower.find(self.needle, line + region.skip - 1, region.end)
                continue
            yield line
            at = self.lower.find(self.needle, self.lower.index(b"\n", line), region.end)


def _rank(provider: bytes) -> tuple[int, bytes]:
    return (_ORDER.index(provider) if provider in _ORDER else len(_ORDER), provider)


def _listed_as(provider: str) -> tuple[str, ...]:
    return _LISTED_AS.get(provider, (provider,))
