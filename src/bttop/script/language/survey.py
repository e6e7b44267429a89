"""Collects what a script does with its maps, and other facts that are needed before it is edited.

A map is an aggregation if every assignment is from `count`, `sum`, `avg`, `min`, `max`, `stats`, `hist`, `lhist` or
`tseries`, and it is never read or deleted. `print`, `clear` and `zero` are not reads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.plan import Aggregation, Column
from bttop.script.language.brackets import structure
from bttop.script.language.columns import Expression, KeyNames, key_parts, name_keys, split, stack_of
from bttop.script.language.field_decoders import FieldDecoder, field_decoders
from bttop.script.language.lexer import Token
from bttop.script.language.macros import Calling, MacroCall, Macros, macro_calls, macros_of, maps_outside_probes
from bttop.script.language.reader import AttachPoint, Probe, Script
from bttop.script.language.settings import MAX_STRLEN, declared_sizes, limit_of, number, settings
from bttop.script.language.words import WORDS

Form: TypeAlias = Literal["aggregate", "increment", "add", "macro"]
"""aggregate: `@m = count()` or another aggregation. increment: `@m++` or `++@m`. add: `@m += e`. macro: a call that
is given this map alone and only aggregates into it."""
Use: TypeAlias = Literal["aggregate", "increment", "add", "assign", "read", "delete", "print", "clear", "zero", "given"]
"""given: bttop cannot see what happens to the map: it is an argument of an unknown macro, or in a function."""
Verb: TypeAlias = Literal["print", "clear", "zero"]

AGGREGATIONS: Final[frozenset[str]] = frozenset(
    ["count", "sum", "avg", "min", "max", "stats", "hist", "lhist", "tseries"]
)
_WRITES: Final = frozenset({"aggregate", "increment", "add", "assign"})
ENDS: Final = frozenset({";", "}"})
ASSIGNMENTS: Final = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"])
_OUTPUTS: Final = frozenset(["print", "printf", "time", "cat", "join", "system", "errorf", "warnf"])
_KNOWN: Final = frozenset(word.text.rstrip("()") for word in WORDS)


class Update(Struct, frozen=True):
    """One statement that counts into a map."""

    name: str
    form: Form
    aggregation: Aggregation
    probe: int
    position: int
    """Index of its first token among the significant tokens of the probe's block."""
    tokens: tuple[Token, ...]
    """Significant tokens, including the final `;` if there is one."""
    keys: tuple[Expression, ...]
    arguments: tuple[Expression, ...]
    """Arguments of the aggregation; the added expression for `+=`; empty for `++` and macros."""


class Call(Struct, frozen=True):
    """`print`, `clear` or `zero` of a whole map."""

    verb: Verb
    probe: int
    map_token: Token
    tokens: tuple[Token, ...]
    """The whole call, from the verb to its `)`."""
    in_macro: bool = False
    """Whether it is in a macro that the probe calls: its tokens are not the probe's own and cannot be edited."""


class MapUse(Struct, frozen=True):
    """One map of a script."""

    name: str
    aggregation: Aggregation
    """`value` unless every statement that writes it uses the same aggregation."""
    uses: frozenset[Use]
    updates: tuple[Update, ...]
    calls: tuple[Call, ...]
    keys: KeyNames
    declared: bool = False
    """Whether `let @m = …` declares it, which fixes its type and size."""
    limit: int = 0
    """Number of entries that the script gives it; 0 if bpftrace's own limit holds."""
    longest_text: int = 0
    """Number of bytes that the script lets `str()` keep; 0 if bpftrace's own limit holds."""
    hidden: tuple[Update, ...] = ()
    """Statements in macros that count into it and cannot be edited."""
    stack: Column | None = None
    """The stack that every statement assigns, if all assign the same one; else None."""

    @property
    def arity(self) -> int:
        return len(self.keys.columns)

    @property
    def pure(self) -> bool:
        """Whether it is only an aggregation: the script does not notice if bttop clears it or stores it elsewhere."""
        is_counted = self.uses <= {"aggregate", "print", "clear", "zero"} and self.aggregation != "value"
        return is_counted and not self.in_macros

    @property
    def is_kept(self) -> bool:
        """Whether the script never clears it or deletes from it."""
        return not self.uses & {"clear", "zero", "delete"}

    @property
    def only_counted(self) -> bool:
        """Whether it is only counted with `++` or `+=` and never read: `count()` and `sum()` are equivalent and lose no
        update."""
        return self.uses <= {"increment", "add", "print", "clear", "zero"} and bool(self.updates or self.hidden)

    @property
    def in_macros(self) -> bool:
        """Whether macros count into it, print or clear it in a way that bttop cannot edit."""
        return bool(self.hidden) or any(call.in_macro for call in self.calls)

    @property
    def by_macro(self) -> bool:
        """Whether a statement that counts into it is the call of a macro, which can only be given another map."""
        return any(update.form == "macro" for update in self.updates)

    @property
    def is_unseen(self) -> bool:
        """Whether only code that bttop cannot read can fill it."""
        return "given" in self.uses and not self.uses & {"aggregate", "increment", "add", "assign"}


class ScriptSurvey(Struct, frozen=True):
    """The facts about a script."""

    maps: Mapping[str, MapUse]
    words: frozenset[str]
    """Names of builtins and functions in its probes, without fields."""
    fields: frozenset[str]
    """Names after `.` and `->`."""
    positional: frozenset[str]
    """The parameters that it uses: `$1`, `$2`, `$#` …"""
    writing_probes: frozenset[int]
    """Indices of the probes that produce output, for example with `print` or `printf`."""
    imported_prints: bool = False
    """Whether a probe of an imported file prints maps while the script runs."""
    settings: Mapping[str, str] = MappingProxyType({})
    """The variables that its `config` block sets, with their values (see `settings.settings`)."""

    @property
    def user_stacks(self) -> bool:
        """Whether user addresses are turned into names (`ustack`, `usym`)."""
        return not self.words.isdisjoint({"ustack", "usym"})

    def split_options(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Given words as parameters and named options. Only a script with `getopt` has options (0.24 and newer)."""
        named = tuple(word for word in words if word.startswith("--")) if "getopt" in self.words else ()
        return tuple(word for word in words if word not in named), named

    @property
    def exits(self) -> bool:
        return "exit" in self.words


def survey(script: Script) -> ScriptSurvey:
    """Collect the facts about a script. Never raises."""
    probes = [(one, probe) for one in (script, *script.imported) for probe in one.probes]
    macros = macros_of((script, *script.imported))
    blocks = [_Block(index, _code_of(one, probe), macros, Calling()) for index, (one, probe) in enumerate(probes)]
    own, imported = blocks[: len(script.probes)], blocks[len(script.probes) :]
    found: dict[str, list[_Found]] = defaultdict(list)
    for one in (*_all_found(own), *(one.imported() for one in _all_found(imported))):
        found[one.name].append(one)
    for name in maps_outside_probes(script):
        if not any(one.hidden for one in found[name]):
            found[name].append(_Found(name, "given"))
    sizes, config = declared_sizes(script), settings(script)
    uses = (_map_use([probe for _, probe in probes], name, list_) for name, list_ in found.items())
    return ScriptSurvey(
        {use.name: _limited(use, sizes, config) for use in uses},
        frozenset(word for block in blocks for word in block.words()),
        frozenset(field for block in blocks for field in block.fields()),
        frozenset(_positional(script)),
        frozenset(block.index for block in own if not _OUTPUTS.isdisjoint(block.words())),
        any("print" in block.words() and not probes[block.index][1].has("begin", "end") for block in imported),
        config,
    )


class _Found(Struct, frozen=True):
    """One occurrence of a map."""

    name: str
    use: Use
    keys: tuple[Expression, ...] = ()
    update: Update | None = None
    call: Call | None = None
    hidden: bool = False
    """Whether `update` is in a macro."""
    stack: Column | None = None
    """The stack that the statement assigns; None if it assigns something else."""

    def inside_macro(self) -> _Found:
        call = None if self.call is None else replace(self.call, in_macro=True)
        return replace(self, call=call, hidden=True)

    def imported(self) -> _Found:
        """The same in a probe of an imported file, which has no index."""
        return replace(self, call=None, hidden=True)


def _all_found(blocks: Iterable[_Block]) -> Iterator[_Found]:
    return (one for block in blocks for one in block.found())


def _code_of(script: Script, probe: Probe) -> tuple[Token, ...]:
    """The significant tokens of a probe's predicate and block."""
    start = probe.predicate[0] if probe.predicate else probe.block[0]
    return tuple(script.significant(start, probe.block[1] + 1))


class _Block:
    """A probe's predicate and block, or the body of a macro that it calls."""

    def __init__(self, index: int, tokens: tuple[Token, ...], macros: Macros, calling: Calling) -> None:
        """`calling` tells which macros lead to this block, and how many tokens more may be read."""
        self.index = index
        self._tokens = tokens
        self._pairs, self._statements, self._around = structure(tokens)
        self._calls: list[tuple[MacroCall, _Block]] = []
        for call in macro_calls(tokens, self._pairs, macros, calling):
            self._calls.append((call, _Block(index, call.body, macros, calling.inside(call))))
        if calling.is_exhausted:
            self._calls = []

    def words(self) -> Iterator[str]:
        yield from (token.text for before, token in self._words() if before not in (".", "->"))
        for _, body in self._calls:
            yield from body.words()

    def fields(self) -> Iterator[str]:
        yield from (token.text for before, token in self._words() if before in (".", "->"))
        for _, body in self._calls:
            yield from body.fields()

    def _words(self) -> Iterator[tuple[str, Token]]:
        """Each word, with the text of the token before it."""
        for before, token in pairwise(self._tokens):
            if token.kind == "word":
                yield before.text, token

    def found(self) -> Iterator[_Found]:
        for call, body in self._calls:
            yield from self._through(call, list(body.found()))
        heads = {at for call, _ in self._calls for at in range(call.start, call.end)}
        for start in self._statements:
            head = start + (self._tokens[start].text in ("++", "--"))
            if self._tokens[head].kind == "map":
                heads.add(head)
                yield self._statement(start, head)
        for at, token in enumerate(self._tokens):
            if token.kind == "map" and at not in heads:
                yield self._mention(at)

    def _through(self, call: MacroCall, inside: Sequence[_Found]) -> Iterator[_Found]:
        """What a macro does with the maps of its call. A call that is a statement and only counts into one map can be
        edited as a whole; otherwise the statements in the macro count as hidden."""
        updates = [one.update for one in inside if one.use == "aggregate" and one.update is not None]
        given = [token.text for token in self._tokens[call.start : call.end] if token.kind == "map"]
        is_statement = call.start in self._statements and self._text(call.end) in ENDS
        alike = len({update.aggregation for update in updates}) == 1
        if not (is_statement and alike and len(given) == 1 and len(updates) == len(inside)):
            yield from (one.inside_macro() for one in inside)
            return
        tokens = self._tokens[call.start : call.end + (self._text(call.end) == ";")]
        first = updates[0]
        whole = Update(given[0], "macro", first.aggregation, self.index, call.start, tokens, first.keys, ())
        yield _Found(given[0], "aggregate", first.keys, whole)
        yield from (_Found(given[0], "aggregate", update.keys) for update in updates[1:])

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _statement(self, start: int, head: int) -> _Found:
        """A statement that starts with a map, or with `++` and a map."""
        name, after = self._tokens[head].text, head + 1
        keys: tuple[Expression, ...] = ()
        if self._text(after) == "[":
            keys = key_parts(self._tokens[after + 1 : self._pairs[after]])
            after = self._pairs[after] + 1
        form = self._form(start, head, after)
        if form is None:
            assigned = start != head or self._text(after) in ASSIGNMENTS
            return _Found(name, "assign" if assigned else "read", keys, stack=self._stack(after))
        kind, aggregation, arguments, end = form
        tokens = self._tokens[start : end + (self._text(end) == ";")]
        update = Update(name, kind, aggregation, self.index, start, tokens, keys, arguments)
        return _Found(name, cast("Use", kind), keys, update)

    def _form(self, start: int, head: int, after: int) -> tuple[Form, Aggregation, tuple[Expression, ...], int] | None:
        """How the statement counts, and the index after its last token; None if it does something else."""
        if start != head:
            counts = self._text(start) == "++" and self._text(after) in ENDS
            return ("increment", "count", (), after) if counts else None
        operator, function = self._text(after), self._text(after + 1)
        if operator == "++" and self._text(after + 1) in ENDS:
            return "increment", "count", (), after + 1
        if operator == "+=":
            end = self._statement_end(after + 1)
            return "add", "sum", (self._tokens[after + 1 : end],), end
        if operator == "=" and function in AGGREGATIONS and self._text(after + 2) == "(":
            close = self._pairs[after + 2]
            if self._text(close + 1) in ENDS:
                arguments = split(self._tokens[after + 3 : close])
                return "aggregate", cast("Aggregation", function), arguments, close + 1
        return None

    def _stack(self, operator: int) -> Column | None:
        """The stack behind an equals sign."""
        if self._text(operator) != "=":
            return None
        return stack_of(self._tokens[operator + 1 : self._statement_end(operator + 1)])

    def _statement_end(self, at: int) -> int:
        while self._text(at) not in ENDS:
            at = self._pairs.get(at, at) + 1
        return at

    def _mention(self, at: int) -> _Found:
        """A use of a map that is not at the start of a statement."""
        name, verb = self._tokens[at].text, self._text(at - 2)
        if self._text(at - 1) == "(" and self._text(at - 3) not in (".", "->"):
            if verb == "delete":
                return _Found(name, "delete")
            if verb in ("print", "clear", "zero") and self._text(at + 1) in (")", ","):
                whole = self._tokens[at - 2 : self._pairs[at - 1] + 1]
                call = Call(cast("Literal['print', 'clear', 'zero']", verb), self.index, self._tokens[at], whole)
                return _Found(name, call.verb, call=call)
        return _Found(name, "given" if self._is_given(at) else "read")

    def _is_given(self, at: int) -> bool:
        """Whether a map is a whole argument of a function that is not bpftrace's own."""
        opening = self._around[at]
        if self._text(opening) != "(" or self._text(at - 1) not in ("(", ",") or self._text(at + 1) not in (")", ","):
            return False
        called = self._tokens[opening - 1]
        return called.kind == "word" and called.text not in _KNOWN


def _limited(use: MapUse, sizes: Mapping[str, int], config: Mapping[str, str]) -> MapUse:
    """The map with the limits that the script sets."""
    limit, longest = limit_of(use.name, sizes, config), number(config.get(MAX_STRLEN, ""))
    return replace(use, declared=use.name in sizes, limit=limit, longest_text=longest)


def _map_use(probes: Sequence[Probe], name: str, found: Sequence[_Found]) -> MapUse:
    updates = tuple(one.update for one in found if one.update is not None and not one.hidden)
    hidden = tuple(one.update for one in found if one.update is not None and one.hidden)
    uses = {one.use for one in found}
    keys = [one.keys for one in found if one.use in _WRITES]
    if len({len(parts) for parts in keys}) > 1:
        keys = []
        uses.add("read")
    points = [point for update in (*updates, *hidden) for point in probes[update.probe].points]
    names = name_keys(keys, _fields(points))
    calls = tuple(one.call for one in found if one.call is not None)
    aggregation = _aggregation(uses, (*updates, *hidden))
    stacks = {one.stack for one in found if one.use in _WRITES}
    stack = stacks.pop() if len(stacks) == 1 else None
    return MapUse(name, aggregation, frozenset(uses), updates, calls, names, hidden=hidden, stack=stack)


def _aggregation(uses: set[Use], updates: Sequence[Update]) -> Aggregation:
    """The aggregation that all statements that write the map share, else `value`. `++` and `+=` together are `sum`."""
    names = {update.aggregation for update in updates}
    forms = {update.form for update in updates}
    if "assign" in uses or not updates or ("aggregate" in forms and len(forms) > 1):
        return "value"
    if names == {"count", "sum"} and "aggregate" not in forms:
        return "sum"
    return names.pop() if len(names) == 1 else "value"


def _fields(points: Sequence[AttachPoint]) -> Mapping[str, FieldDecoder]:
    """What the fields hold that mean the same at all these attach points."""
    if all(point.provider in ("tracepoint", "rawtracepoint") for point in points):
        return field_decoders(point.rest for point in points)
    return {}


def _positional(script: Script) -> Iterator[str]:
    yield from script.filled
    for token in (token for one in (script, *script.imported) for token in one.tokens):
        if token.kind == "variable" and (token.text[1:].isdigit() or token.text == "$#"):
            yield token.text
        elif token.kind in ("attach", "preprocessor"):
            yield from re.findall(r"\$(?:\d+|#)", token.text)
