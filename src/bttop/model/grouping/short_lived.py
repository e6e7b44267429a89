"""Folds the rows of short-lived processes of one name: a loop that starts `ls` would fill a table forty times.

A process is short-lived if all its rows are within two flushes. Its name is folded only if others of that name have
come and gone before: a pool of workers that has just begun is not folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.grouping.group_rows import merged
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Value

LEAST_PROCESSES: Final = 8
"""Short-lived processes of one name from which on they are folded."""
MOST_FLUSHES: Final = 2
"""Consecutive flushes in which a short-lived process has rows, at most."""
LOOKED_AT: Final = 30
"""Flushes, with the one on show, in which processes are looked for."""
ANY: Final = "-1"
"""The process id of a folded row: no process has it."""

Names = Mapping[str, frozenset[str]]
"""The ids of the processes of each name that have rows in a flush."""


class Folded(Struct, frozen=True):
    """A map in which short-lived processes are folded."""

    data: MapData
    members: Mapping[str, Sequence[str]]
    """The raw keys of the rows behind each folded row."""
    processes: Mapping[str, int]
    """How many processes each folded row stands for."""
    names: Mapping[str, int]
    """How many processes of each name are folded, the most first."""


ProcessRow: TypeAlias = tuple[str, str, str, str]
"""The raw key of a row, its process id, its name, and the key of the row in which it is folded. A plain tuple, because
there may be 20,000 in a flush."""


class ProcessKeys(Struct, frozen=True):
    """How to read the keys of a map by process."""

    columns: tuple[Column, ...]
    ids: tuple[int, ...]
    """Indexes of the process id and of the thread id, as far as the key has them; the first one is counted."""
    name: int
    """Index of the name."""
    stacks: int | None
    """How many stacks follow the other parts of a key; None if a key must be split part by part, because a part between
    or behind the stacks, or an address, can have commas."""

    def rows(self, data: MapData) -> list[ProcessRow]:
        """The keys of all rows."""
        first, name, ids, arity = self.ids[0], self.name, self.ids, len(self.columns)
        is_plain = self.stacks == 0
        found: list[ProcessRow] = []
        for key in data.rows:
            parts, stacks = key.split(",") if is_plain else [], ""
            if len(parts) != arity:
                parts, stacks = self._split(key)
            id_ = parts[first]
            for index in ids:
                parts[index] = ANY
            found.append((key, id_, parts[name], ",".join(parts) + stacks))
        return found

    def _split(self, key: str) -> tuple[list[str], str]:
        """The parts of a key and, behind them, its stacks as one text. Splitting the stacks as well takes three times
        as long."""
        at = len(key) if self.stacks == 0 else -1 if key.startswith("\n") else key.find(",\n")
        if self.stacks is not None and at >= 0:
            parts, stacks = key[:at].split(","), key[at:]
            if len(parts) + self.stacks == len(self.columns) and self._are_usual(stacks):
                return parts, stacks
        return [str(part) for part in split_key(key, self.columns).parts], ""

    def _are_usual(self, stacks: str) -> bool:
        """Whether a text has as many stacks as a key, each after a comma. Most frames have no comma, which is seen at
        once."""
        commas = stacks.count(",")
        if commas <= 1:
            return commas == self.stacks
        between = (self.stacks or 0) - 1
        return stacks.count("\n,\n") == between and (commas == self.stacks or stacks.count("\n,") == between)


def process_keys(plan: MapPlan) -> ProcessKeys | None:
    """How to read the keys of a map by process; None without a column for the name and one for the process or
    thread."""
    titles = [column.title for column in plan.columns]
    ids = tuple([titles.index(title) for title in (plan.pid or "pid", plan.tid or "tid") if title in titles])
    if not ids or "comm" not in titles:
        return None
    return ProcessKeys(plan.columns, ids, titles.index("comm"), _stacks_at_the_end(plan.columns))


def _stacks_at_the_end(columns: Sequence[Column]) -> int | None:
    """How many of the columns are stacks; None if they are not the last ones, or if there is an address."""
    are_stacks = [column.kind == "stack" for column in columns]
    in_order = are_stacks == sorted(are_stacks) and not any(column.decoder == "address" for column in columns)
    return sum(are_stacks) if in_order else None


def names_of(rows: Iterable[ProcessRow]) -> Names:
    """The processes of each name that have rows."""
    found: dict[str, set[str]] = {}
    for _, id_, name, _ in rows:
        if name in found:
            found[name].add(id_)
        else:
            found[name] = {id_}
    return {name: frozenset(ids) for name, ids in found.items()}


def may_fold(names: Names) -> bool:
    """Whether any name has so many processes that they could be folded."""
    return any(len(ids) >= LEAST_PROCESSES for ids in names.values())


def short_lived(shown: Names, moments: Sequence[Names]) -> Names:
    """The processes to fold, by name. `shown`: those with rows on show; `moments`: those of each of the last flushes,
    the newest last, which those on show are from."""
    found: dict[str, frozenset[str]] = {}
    for name, ids in shown.items():
        if len(ids) < LEAST_PROCESSES:
            continue
        seen = [names.get(name, frozenset[str]()) for names in moments]
        brief = _brief_ones([ids & others for others in seen])
        if len(brief) >= LEAST_PROCESSES and _come_and_go(seen):
            found[name] = brief
    return found


def _brief_ones(seen: Sequence[frozenset[str]]) -> frozenset[str]:
    """The ids that are in one flush and in none that is not adjacent to it."""
    return frozenset[str]().union(*(_brief(number, seen, ids) for number, ids in enumerate(seen) if ids))


def _brief(number: int, seen: Sequence[frozenset[str]], ids: frozenset[str]) -> frozenset[str]:
    """Which of these ids are in a flush and in none that is not adjacent to it."""
    found = seen[number] & ids
    for other, others in enumerate(seen):
        if not found:
            break
        # Whether there is anything to remove is found by the smaller of both sets.
        if abs(other - number) >= MOST_FLUSHES and not found.isdisjoint(others):
            found -= others
    return found


def _come_and_go(seen: Sequence[frozenset[str]]) -> bool:
    """Whether enough processes have come and gone before the last flushes."""
    gone: frozenset[str] = frozenset()
    for number in reversed(range(len(seen) - MOST_FLUSHES)):
        gone |= _brief(number, seen, seen[number])
        if len(gone) >= LEAST_PROCESSES:
            return True
    return False


def fold(data: MapData, rows: Iterable[ProcessRow], wanted: Names, kept: str | None = None) -> Folded:
    """The map with the rows of the `wanted` processes folded, except the row `kept` and values that cannot be
    merged."""
    groups: dict[str, list[ProcessRow]] = {}
    nobody = frozenset[str]()
    for row in rows:
        key, id_, name, folded = row
        if id_ in wanted.get(name, nobody) and key != kept:
            if folded in groups:
                groups[folded].append(row)
            else:
                groups[folded] = [row]
    return _folded(data, groups)


def _folded(data: MapData, groups: Mapping[str, Sequence[ProcessRow]]) -> Folded:
    """The map with these groups of rows folded where they can be."""
    printed, aggregation = data.rows, data.plan.aggregation
    values: dict[str, Value] = {}
    for key, group in groups.items():
        value = merged([printed[row[0]] for row in group], aggregation) if len(group) > 1 else None
        if value is not None and key not in printed:
            values[key] = value
    members = {key: [row[0] for row in groups[key]] for key in values}
    hidden = set(chain.from_iterable(members.values()))
    whole = {key: value for key, value in printed.items() if key not in hidden}
    ids = {key: {row[1] for row in groups[key]} for key in values}
    names = _counts({key: groups[key][0][2] for key in values}, ids)
    return Folded(replace(data, rows=whole | values), members, {key: len(ids[key]) for key in values}, names)


def _counts(names: Mapping[str, str], ids: Mapping[str, set[str]]) -> Mapping[str, int]:
    """How many processes of each name there are, by the names and the processes of the rows."""
    found: dict[str, set[str]] = {}
    for key, name in names.items():
        found.setdefault(name, set()).update(ids[key])
    counts = [(name, len(all_ids)) for name, all_ids in found.items()]
    return dict(sorted(counts, key=lambda one: (-one[1], one[0])))
