"""Puts a condition in front of a script's probes, so that one event in N reaches them.

What a turned away event takes, in ns of run time (bpftrace 0.17, 0.23, 0.27 on Linux 6.18, run statistics included):
`pid == 1` 69, 67, 52; `rand & N` 75, 80, 84; a hash of `tid` 65, 55, 54; `nsecs & N` 115, 113, 112. `rand` takes each
event by chance; the low bits of `nsecs` follow the clock of the host and not chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from bttop.model.flush.scaling import SCALED
from bttop.model.plan import MapPlan, own_print
from bttop.script.language.edits import Edit
from bttop.script.language.reader import Script, Unreadable, read
from bttop.script.process.regions import narrowed
from bttop.script.rewrite.prepare import LONGEST_TEXT, Prepared
from bttop.script.thinning.caveat import thinned_caveat
from bttop.script.thinning.sampling import Key, Sampling, sampling_of

_FACTORS: Final = (0x1E3779B97F4A7C15, 0x42B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
"""Odd numbers, one for each part of a key; below 2^63, because bpftrace 0.17 has no larger literals."""
_SHIFT: Final = 40
"""The bits of a product above this depend on all bits of the key."""


def thinned(prepared: Prepared, script: Script | Unreadable, one_in: int, why: str = "") -> Prepared:
    """The prepared script with one event in `one_in`, a power of 2; unchanged if it cannot be thinned. `why`: the
    reason for the badge, a sentence without a period."""
    if one_in == 1 or not prepared.is_edited or isinstance(script, Unreadable):
        return prepared
    sampling, text = sampling_of(script), read(prepared.text)
    if isinstance(sampling, str) or isinstance(text, Unreadable):
        return prepared
    edits = _edits(text, sampling, one_in, prepared.plan.nonce)
    after = prepared.edited.then(edits)
    if len(after.text.encode()) > LONGEST_TEXT:
        return prepared
    maps = {name: _map(one, sampling, one_in) for name, one in prepared.plan.maps.items()}
    plan = replace(prepared.plan, maps=maps, one_in=one_in)
    caveat = thinned_caveat(sampling, one_in, why)
    return replace(prepared, edited=after, plan=plan, badges=(caveat, *prepared.badges))


def _edits(text: Script, sampling: Sampling, one_in: int, salt: int) -> list[Edit]:
    """The edits of the prepared text. bttop's own probes follow the script's, so the same index means the same
    probe."""
    conditions = {index: _condition(key, one_in, salt) for index, key in sampling.probes.items()}
    return [edit for index, one in conditions.items() for edit in narrowed(text, text.probes[index], one, f"({one})")]


def _condition(key: Key, one_in: int, salt: int) -> str:
    if not key:
        return f"(rand & {one_in - 1}) == 0"
    products = " + ".join(_products(key, salt))
    return f"((({products}) >> {_SHIFT}) & {one_in - 1}) == 0"


def _products(key: Key, salt: int) -> Iterator[str]:
    for part, factor in zip(key, _FACTORS, strict=False):
        yield f"((uint64){part} ^ {salt}) * {factor}"


def _map(plan: MapPlan, sampling: Sampling, one_in: int) -> MapPlan:
    """The plan of a map, which is also that of the script's own print of it."""
    names = [name for name in sampling.scaled if plan.name in (name, own_print(name))]
    if not names or plan.aggregation not in SCALED:
        return plan
    return replace(plan, one_in=one_in, by_key=names[0] in sampling.by_key)
