"""Collects what a script does with its maps, and other facts that are needed before it is edited.

A map is an aggregation if every assignment is from `count`, `sum`, `avg`, `min`, `max`, `stats`, `hist`, `lhist` or
`tseries`, and it is never read or deleted. `print`, `clear` and `zero` are not reads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from bttop.model.plan import Aggregation
from bttop.script.language.columns import Expression, Fields, KeyNames, name_keys, split
from bttop.script.language.lexer import Token
from bttop.script.language.reader import AttachPoint, Probe, Script

Form: TypeAlias = Literal["aggregate", "increment", "add"]
"""aggregate: `@m = count()` or another aggregation. increment: `@m++` or `++@m`. add: `@m += e`."""
Use: TypeAlias = Literal["aggregate", "increment", "add", "assign", "read", "delete", "print", "clear", "zero"]
Verb: TypeAlias = Literal["print", "clear", "zero"]

AGGREGATIONS: Final[frozenset[str]] = frozenset(
    ["count", "sum", "avg", "min", "max", "stats", "hist", "lhist", "tseries"]
)
ENDS: Final = frozenset({";", "}"})
ASSIGNMENTS: Final = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"])
_OUTPUTS: Final = frozenset(["print", "printf", "time", "cat", "join", "system", "errorf", "warnf"])
_NAME = re.compile(r"@(?:[A-Za-z_][A-Za-z0-9_]*)?")


class Update(NamedTuple):
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
    """Arguments of the aggregation; the added expression for `+=`; empty for `++`."""


class Call(NamedTuple):
    """`print`, `clear` or `zero` of a whole map."""

    verb: Verb
    probe: int
    map_token: Token
    tokens: tuple[Token, ...]
    """The whole call, from the verb to its `)`."""


class MapUse(NamedTuple):
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

    @property
    def arity(self) -> int:
        return len(self.keys.columns)

    @property
    def pure(self) -> bool:
        """Whether it is only an aggregation: the script does not notice if bttop clears it or stores it elsewhere."""
        return self.uses <= {"aggregate", "print", "clear", "zero"} and self.aggregation != "value"

    @property
    def is_kept(self) -> bool:
        """Whether the script never clears it or deletes from it."""
        return not self.uses & {"clear", "zero", "delete"}

    @property
    def only_counted(self) -> bool:
        """Whether it is only counted with `++` or `+=` and never read: `count()` and `sum()` are equivalent and lose no
        update."""
        return self.uses <= {"increment", "add", "print", "clear", "zero"} and bool(self.updates)


class ScriptSurvey(NamedTuple):
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

    @property
    def user_stacks(self) -> bool:
        """Whether user addresses are turned into names (`ustack`, `usym`)."""
        return not self.words.isdisjoint({"ustack", "usym"})

    @property
    def exits(self) -> bool:
        return "exit" in self.words


def survey(script: Script) -> ScriptSurvey:
    """Collect the facts about a script. Never raises."""
    blocks = [_Block(script, index, probe) for index, probe in enumerate(script.probes)]
    found: dict[str, list[_Found]] = defaultdict(list)
    for block in blocks:
        for one in block.found():
            found[one.name].append(one)
    hidden, declared = _outside_probes(script)
    for name in hidden:
        found[name].append(_Found(name, "read"))
    return ScriptSurvey(
        {name: _map_use(script, name, list_, name in declared) for name, list_ in found.items()},
        frozenset(word for block in blocks for word in block.words()),
        frozenset(field for block in blocks for field in block.fields()),
        frozenset(_positional(script)),
        frozenset(block.index for block in blocks if not _OUTPUTS.isdisjoint(block.words())),
    )


class _Found(NamedTuple):
    """One occurrence of a map."""

    name: str
    use: Use
    keys: tuple[Expression, ...] = ()
    update: Update | None = None
    call: Call | None = None


class _Block:
    """The significant tokens of one probe's predicate and block."""

    def __init__(self, script: Script, index: int, probe: Probe) -> None:
        self.index = index
        start = probe.predicate[0] if probe.predicate else probe.block[0]
        self._tokens = tuple(script.significant(start, probe.block[1] + 1))
        self._pairs, self._statements = _structure(self._tokens)

    def words(self) -> Iterator[str]:
        return (token.text for before, token in self._words() if before not in (".", "->"))

    def fields(self) -> Iterator[str]:
        return (token.text for before, token in self._words() if before in (".", "->"))

    def _words(self) -> Iterator[tuple[str, Token]]:
        """Each word, with the text of the token before it."""
        for before, token in pairwise(self._tokens):
            if token.kind == "word":
                yield before.text, token

    def found(self) -> Iterator[_Found]:
        heads: set[int] = set()
        for start in self._statements:
            head = start + (self._tokens[start].text in ("++", "--"))
            if self._tokens[head].kind == "map":
                heads.add(head)
                yield self._statement(start, head)
        for at, token in enumerate(self._tokens):
            if token.kind == "map" and at not in heads:
                yield self._mention(at)

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _statement(self, start: int, head: int) -> _Found:
        """A statement that starts with a map, or with `++` and a map."""
        name, after = self._tokens[head].text, head + 1
        keys: tuple[Expression, ...] = ()
        if self._text(after) == "[":
            keys = _key_parts(self._tokens[after + 1 : self._pairs[after]])
            after = self._pairs[after] + 1
        form = self._form(start, head, after)
        if form is None:
            assigned = start != head or self._text(after) in ASSIGNMENTS
            return _Found(name, "assign" if assigned else "read", keys)
        kind, aggregation, arguments, end = form
        tokens = self._tokens[start : end + (self._text(end) == ";")]
        update = Update(name, kind, aggregation, self.index, start, tokens, keys, arguments)
        return _Found(name, kind, keys, update)

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
        return _Found(name, "read")


def _structure(tokens: Sequence[Token]) -> tuple[dict[int, int], list[int]]:
    """A mapping from the index of every opening bracket to its closing one, and the indices at which statements
    start."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    statements = []
    for at, token in enumerate(tokens):
        if at and tokens[at - 1].text in ("{", "}", ";") and opened and tokens[opened[-1]].text == "{":
            statements.append(at)
        if token.text in ("(", "[", "{"):
            opened.append(at)
        elif token.text in (")", "]", "}") and opened:
            pairs[opened.pop()] = at
    return pairs, statements


def _key_parts(tokens: Sequence[Token]) -> tuple[Expression, ...]:
    """The parts of a key. A single tuple in parentheses counts as its parts (bpftrace 0.22 and newer)."""
    parts = split(tokens)
    if len(parts) == 1 and parts[0][0].text == "(" and parts[0][-1].text == ")":
        inner = split(parts[0][1:-1])
        if len(inner) > 1 and "".join(t.text for t in parts[0][1:-1]).count("(") == 0:
            return inner
    return parts


def _map_use(script: Script, name: str, found: Sequence[_Found], declared: bool) -> MapUse:
    updates = tuple(one.update for one in found if one.update is not None)
    uses = {one.use for one in found}
    keys = [one.keys for one in found if one.use in ("aggregate", "increment", "add", "assign")]
    if len({len(parts) for parts in keys}) > 1:
        keys = []
        uses.add("read")
    points = [point for update in updates for point in script.probes[update.probe].points]
    names = name_keys(keys, _fields(points))
    calls = tuple(one.call for one in found if one.call is not None)
    return MapUse(name, _aggregation(uses, updates), frozenset(uses), updates, calls, names, declared)


def _aggregation(uses: set[Use], updates: Sequence[Update]) -> Aggregation:
    """The aggregation that all statements that write the map share, else `value`. `++` and `+=` together are `sum`."""
    names = {update.aggregation for update in updates}
    forms = {update.form for update in updates}
    if "assign" in uses or not updates or ("aggregate" in forms and len(forms) > 1):
        return "value"
    if names == {"count", "sum"} and "aggregate" not in forms:
        return "sum"
    return names.pop() if len(names) == 1 else "value"


def _fields(points: Sequence[AttachPoint]) -> Fields:
    """The meaning of the fields that all these attach points share."""

    def all_of(*starts: str) -> bool:
        return bool(points) and all(
            point.provider in ("tracepoint", "rawtracepoint") and point.rest.startswith(starts) for point in points
        )

    return Fields(all_of("raw_syscalls:", "sys_"), all_of("tcp:", "sock:", "udp:"))


def _outside_probes(script: Script) -> tuple[set[str], set[str]]:
    """Maps that preprocessor lines and functions may use, and maps that `let` declares."""
    hidden: set[str] = set()
    declared: set[str] = set()
    for token in script.tokens:
        if token.kind == "preprocessor":
            hidden.update(_NAME.findall(token.text))
    for definition in script.definitions:
        names = {token.text for token in script.tokens[definition.start : definition.end] if token.kind == "map"}
        if definition.keyword == "let":
            declared |= names
        elif definition.keyword == "fn":
            hidden |= names
    return hidden, declared


def _positional(script: Script) -> Iterator[str]:
    for token in script.tokens:
        if token.kind == "variable" and (token.text[1:].isdigit() or token.text == "$#"):
            yield token.text
        elif token.kind == "attach":
            yield from re.findall(r"\$(?:\d+|#)", token.text)
