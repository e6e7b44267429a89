"""Several prepared scripts as one text for one bpftrace process.

Each script is a part of it: it keeps its own probes and heartbeat, and its maps get names of their own. The interval
blocks that bttop adds become one, because the kernel skips a tick while the block of another part runs. The END blocks
become one, because bpftrace up to 0.23 allows no second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.script.language import edits
from bttop.script.language.edits import PREFIX
from bttop.script.language.reader import AttachPoint, Script, read
from bttop.script.language.survey import survey
from bttop.script.rewrite.prepare import LONGEST_TEXT, Prepared

MOST_PARTS: Final = len(ascii_lowercase)
MAP_PREFIX: Final = f"@{PREFIX}"
_IN_KERNEL: Final = "AT_"
"""What bpftrace writes for the `@` of a map's name in the kernel (0.17 to 0.27)."""
_PROVIDERS: Final = frozenset(
    ("tracepoint", "rawtracepoint", "profile", "software", "fentry", "fexit", "kprobe", "kretprobe")
)
"""Providers whose attach points, without a wildcard, are one probe each, so that bpftrace's count of probes shows
whether all of them were found. Without interval, BEGIN and END: a part has only those that bttop adds."""
_WILDCARDS: Final = frozenset("*?[{$")


class MergedText(Struct, frozen=True):
    """The text of all parts."""

    text: str
    ends: tuple[int, ...]
    """The number of the last line of each part, from 1."""
    probes: int
    """The number of its probes."""


def can_merge(prepared: Prepared) -> bool:
    """Whether a prepared script can be a part: it only counts into maps that bttop prints, has one heartbeat, and
    neither settings nor definitions, which would hold for the other parts too."""
    script = read(prepared.original)
    if not isinstance(script, Script) or not prepared.is_edited:
        return False
    prints_alone = prepared.ends_flush and len(prepared.plan.heartbeats) == 1 and not prepared.exits
    stands_alone = not (script.definitions or script.imports or prepared.settings)
    has_directives = any(token.kind == "preprocessor" for token in script.tokens)
    is_quiet = not survey(script).writing_probes
    return prints_alone and stands_alone and not has_directives and is_quiet and all(map(_is_one_probe, script.points))


def _is_one_probe(point: AttachPoint) -> bool:
    return point.provider in _PROVIDERS and not _WILDCARDS & set(point.rest)


def map_prefix(index: int) -> str:
    """The beginning of the names of all maps of a part."""
    return f"{MAP_PREFIX}{ascii_lowercase[index]}_"


def kernel_prefix(index: int) -> str:
    """The beginning of the names that the kernel has of these maps; it keeps 15 bytes of each."""
    return f"{_IN_KERNEL}{map_prefix(index)[1:]}"


def as_part(prepared: Prepared, index: int) -> Prepared:
    """The prepared script with the names that its maps have as a part."""
    script = read(prepared.text)
    assert isinstance(script, Script)
    names = {token.text: _renamed(token.text, index) for token in script.tokens if token.kind == "map"}
    renamed = [edits.replace(token, names[token.text]) for token in script.tokens if token.kind == "map"]
    plan = prepared.plan
    printed = {name: name for name in plan.maps} | dict(plan.aliases)
    aliases = {names[name]: logical for name, logical in printed.items() if name in names}
    return replace(prepared, edited=prepared.edited.then(renamed), plan=replace(plan, aliases=aliases))


def _renamed(name: str, index: int) -> str:
    """bttop's own names lose their prefix; those of the script get a `_` more, which none of bttop's begins with."""
    own = name.removeprefix(MAP_PREFIX)
    return f"{map_prefix(index)}{own if own != name else f'_{name[1:]}'}"


def merged(parts: Sequence[Prepared]) -> MergedText | None:
    """The text of these parts; None if it is too long for one argument."""
    texts, ends, probes, lines = [], [], 0, 0
    shared: dict[str, list[str]] = {}
    for part in parts:
        found = _taken_apart(part.text)
        texts.append(found.text)
        for point, statements in found.blocks.items():
            shared.setdefault(point, []).append(statements)
        lines += found.text.count("\n")
        ends.append(lines)
        probes += found.probes
    blocks = [f"{point} {{{' '.join(statements)}}}\n" for point, statements in _end_last(shared).items()]
    text = "".join((*texts, *blocks))
    return MergedText(text, tuple(ends), probes + len(shared)) if len(text.encode()) <= LONGEST_TEXT else None


class _TakenApart(Struct, frozen=True):
    """A part: its own probes, and the blocks that all parts share."""

    text: str
    """Without the blocks, with a newline at its end."""
    blocks: dict[str, str]
    """Attach point to statements."""
    probes: int
    """The number of attach points in the text."""


def count_points(prepared: Prepared) -> int:
    """The number of probes of a part, with those that bttop adds."""
    script = read(prepared.text)
    return len(script.points) if isinstance(script, Script) else 0


def _taken_apart(text: str) -> _TakenApart:
    script = read(text)
    assert isinstance(script, Script)
    added = [probe for probe in script.probes if probe.has("interval", "end")]
    blocks, kept, at = {}, [], 0
    for probe in added:
        opening, closing = (script.tokens[index] for index in probe.block)
        blocks[probe.points[0].text] = text[opening.end : closing.start]
        kept.append(text[at : script.tokens[probe.start].start])
        at = closing.end
    own = "".join((*kept, text[at:])).rstrip() + "\n"
    return _TakenApart(own, blocks, len(script.points) - len(added))


def _end_last(blocks: dict[str, list[str]]) -> dict[str, list[str]]:
    return dict(sorted(blocks.items(), key=lambda block: block[0] == "END"))
