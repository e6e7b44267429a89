"""Where the value of an expression comes from: whether it is a process id, and of which process.

The names of variables and maps do not matter, only what the script assigns to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.language.columns import Expression, split, without_casts
from bttop.script.language.lexer import Token
from bttop.script.language.reader import AttachPoint
from bttop.script.process.assignments import Assignments, Value, behind_key
from bttop.script.process.regions import LONGEST, Code, Region

OWN: Final = "own"
"""The id of the process on the CPU."""
OWN_THREAD: Final = "own thread"
OTHER: Final = "other"
"""The id of a process that the event is about, or that a map stores."""
OTHER_THREAD: Final = "other thread"
NUMBER: Final = "number"
UNKNOWN: Final = "unknown"
THREAD_IDS: Final = frozenset({OWN_THREAD, OTHER_THREAD})
OF_CURRENT: Final = frozenset({OWN, OWN_THREAD})
PROCESS_IDS: Final = frozenset({OWN, OTHER, *THREAD_IDS})

_MOST: Final = 100
"""At most so many expressions are followed for one value."""

_BUILTINS: Final = {"pid": OWN, "tid": OWN_THREAD, "ppid": OTHER, "leader_tid": OTHER}
_STORED: Final = {OWN: OTHER, OWN_THREAD: OTHER_THREAD}
_MEMBER: Final = pattern(r"(?:[a-z0-9]+_)*(?:pid|tgid)|pid[12]|upid|ppid")
"""Fields that hold the id of a process. `tid` is not one of them: in file systems it is a transaction."""
_POINTERS: Final = frozenset({"thread_pid", "sk_peer_pid", "f_owner_pid", "cad_pid"})
_CREATING: Final = pattern(r"syscalls:sys_exit_(?:fork|vfork|clone3?|wait4|getpid|getppid|gettid)")
"""System calls that return the id of a process."""
_OF_THREADS: Final = pattern(r"(?:sched:(?!sched_process_exec)|task:).*")
"""Tracepoints whose fields are thread ids. After an exec, a process has one thread, which has its id."""
_RELATIVES: Final = frozenset({"parent", "real_parent", "group_leader"})
_ACCESS: Final = frozenset({".", "->"})


class _Step(Struct, frozen=True):
    """An expression to look at."""

    value: Value
    stored: bool
    """Whether it was stored in a map, from which another process may read it."""


class Origins:
    """The origins of the values in a script."""

    def __init__(self, found: Sequence[Region]) -> None:
        self._regions = found
        self._assigned = Assignments(found)
        self._constants = {region.name: region for region in found if region.kind == "constant"}
        self._macros = [region for region in found if region.kind == "macro"]
        self._known: dict[tuple[int, str], frozenset[str]] = {}

    @property
    def assigned(self) -> Assignments:
        return self._assigned

    def of(self, value: Value) -> frozenset[str]:
        """The origins that an expression can have: the constants of this module, or a parameter, as `$1`."""
        if len(value.expression) > LONGEST:
            return frozenset({UNKNOWN})
        name = (value.region, " ".join(token.text for token in value.expression))
        if name not in self._known:
            self._known[name] = self._found(value)
        return self._known[name]

    def _found(self, value: Value) -> frozenset[str]:
        todo, seen, found = [_Step(value, stored=False)], set[_Step](), set[str]()
        while todo and len(seen) <= _MOST:
            step = todo.pop()
            if step in seen:
                continue
            seen.add(step)
            origin = self._origin(step.value)
            if origin:
                found.add(_STORED.get(origin, origin) if step.stored else origin)
            else:
                todo.extend(self._sources(step) or [_UNREADABLE])
        return frozenset(found | {UNKNOWN} if todo else found)

    def _origin(self, value: Value) -> str:
        """The origin of an expression that can be told from itself; empty for the others."""
        tokens = without_casts(value.expression)
        head = tokens[0] if tokens else None
        if head is None:
            return UNKNOWN
        if len(tokens) == 1 and (head.kind == "number" or head.text[1:].isdigit()):
            return NUMBER if head.kind == "number" else head.text
        if len(tokens) == 2 and head.text == "-" and tokens[1].kind == "number":
            return NUMBER
        if self._is_builtin(value.region, tokens):
            return _BUILTINS[head.text]
        if _is_path(tokens):
            return self._member(value.region, tokens)
        return "" if _branches(tokens) else UNKNOWN

    def _is_builtin(self, region: int, tokens: Expression) -> bool:
        """Whether this is a builtin or the call of one, which the script does not define itself."""
        name = tokens[0].text
        alone = len(tokens) == 1 or (tokens[1].text == "(" and Code(tokens).partners.get(1) == len(tokens) - 1)
        own = self._assigned.of_variable(region, name) or name in self._constants
        return name in _BUILTINS and alone and not own and not any(one.name == name for one in self._macros)

    def _member(self, region: int, tokens: Expression) -> str:
        """The origin of `a->b`, from the name of the field; empty if the last token is no field."""
        if len(tokens) < 3 or tokens[-2].text not in _ACCESS or tokens[-1].kind != "word":
            return ""
        name, base = tokens[-1].text, tokens[:-2]
        points = self._points(region)
        if name == "nr" and any(token.text == "numbers" for token in base):
            return OTHER
        if name == "ret" and points and all(_CREATING.fullmatch(point.rest) for point in points):
            return OTHER
        if name in _POINTERS or not _MEMBER.fullmatch(name):
            return UNKNOWN
        if base[0].text == "args" and len(base) == 1:
            return _field(name, points)
        is_own = self._is_current(Value(region, base))
        if name == "pid" and self._is_task(Value(region, base)):
            return OWN_THREAD if is_own else OTHER_THREAD
        return OWN if is_own else OTHER

    def _points(self, region: int) -> Sequence[AttachPoint]:
        probe = self._regions[region].probe if 0 <= region < len(self._regions) else None
        return probe.points if probe is not None else ()

    def _is_current(self, base: Value) -> bool:
        """Whether an expression is the task on the CPU: `curtask`, or variables to which nothing else is assigned."""
        todo, seen = [base], set[Value]()
        while todo:
            value = todo.pop()
            tokens = without_casts(value.expression)
            if value in seen or "".join(token.text for token in tokens) in ("curtask", "curtask()"):
                continue
            seen.add(value)
            values = self._assigned.of_variable(value.region, tokens[0].text) if len(tokens) == 1 else ()
            if not values:
                return False
            todo.extend(values)
        return True

    def _is_task(self, base: Value) -> bool:
        """Whether an expression is cast to a task, is `curtask`, or is a variable to which such a value is assigned."""
        assigned = self._assigned.of_variable(base.region, base.expression[0].text) if len(base.expression) == 1 else ()
        tokens = [token.text for value in (base, *assigned) for token in value.expression]
        return not {"task_struct", "curtask"}.isdisjoint(tokens) and not _RELATIVES.intersection(tokens)

    def _sources(self, step: _Step) -> list[_Step]:
        """The expressions that an expression takes its value from; none if that is unknown."""
        region, tokens = step.value.region, without_casts(step.value.expression)
        branches = _branches(tokens)
        if branches:
            return [_Step(Value(region, branch), step.stored) for branch in branches]
        if tokens[0].kind == "map":
            return [_Step(value, stored=True) for value in self._of_map(tokens)]
        return [_Step(value, step.stored) for value in self._of_name(region, tokens)]

    def _of_map(self, tokens: Expression) -> list[Value]:
        """The values of `@m`, `@m[k]` and `@m[k].0`."""
        path = tokens[behind_key(Code(tokens), 0) :]
        values = self._assigned.of_map(tokens[0].text)
        return [_element(value, path[1:]) if path else value for value in values]

    def _of_name(self, region: int, tokens: Expression) -> list[Value]:
        """The values of a variable, a macro's parameter, a constant, a macro, or a part of a loop's variable."""
        name = tokens[0].text
        looped = self._assigned.loop_map(region, name)
        if looped and len(tokens) > 2 and tokens[1].text == ".":
            return list(self._of_loop(looped, tokens[2:]))
        if len(tokens) > 1 and tokens[1].text == "(":
            return [value for macro in self._macros if macro.name == name for value in _results(macro)]
        if len(tokens) > 1:
            return []
        values = list(self._assigned.of_variable(region, name))
        constant = self._constants.get(name)
        return values or ([Value(region, constant.code.tokens)] if constant is not None else [])

    def _of_loop(self, name: str, path: Expression) -> Iterator[Value]:
        """The keys (`.0`) or values (`.1`) of the map that a loop reads."""
        if path[0].text == "1":
            yield from (_element(value, path[2:]) if path[1:] else value for value in self._assigned.of_map(name))
        for key in self._assigned.keys_of(name) if path[0].text == "0" else ():
            part = int(path[2].text) if len(path) == 3 and path[2].text.isdecimal() else 0
            if part < len(key) and (len(path) == 3 or len(key) == 1):
                yield key[part]


_UNREADABLE: Final = _Step(Value(-1, ()), stored=False)


def operands_end(tokens: Sequence[Token]) -> int:
    """Index after a primary expression and its fields and indices: `a->b[1].c`, `f(x).y`, `((t *)a)->b`."""
    code = Code(tokens)
    at = code.partners.get(0, 0) + 1
    while at < len(tokens):
        if code.text(at) in _ACCESS:
            at += 2
        elif code.text(at) in ("[", "("):
            at = code.partners.get(at, at) + 1
        else:
            break
    return at


def _is_path(tokens: Expression) -> bool:
    starts = tokens[0].kind in ("word", "variable", "map") or tokens[0].text == "("
    return starts and operands_end(tokens) == len(tokens)


def _field(name: str, points: Sequence[AttachPoint]) -> str:
    """The origin of a field of `args` that holds the id of a process or thread."""
    at_switch = bool(points) and all(point.rest.endswith("sched_switch") for point in points)
    if name == "common_pid" or (name == "prev_pid" and at_switch):
        return OWN_THREAD
    is_thread = bool(points) and all(_OF_THREADS.fullmatch(point.rest) for point in points)
    return OTHER_THREAD if is_thread and not name.endswith("tgid") else OTHER


def _element(value: Value, path: Expression) -> Value:
    """One element of a tuple: `path` is its number. Empty if it cannot be told."""
    tokens = value.expression
    parts = split(tokens[1:-1]) if tokens and tokens[0].text == "(" else ()
    number = int(path[0].text) if len(path) == 1 and path[0].text.isdecimal() else len(parts)
    return Value(value.region, parts[number] if number < len(parts) else ())


def _branches(tokens: Expression) -> list[Expression]:
    """Both branches of `a ? b : c`; none if it is no such expression."""
    code = Code(tokens)
    question = _outside(code, "?", 0)
    if question < 0:
        return []
    depth, at = 0, question + 1
    while at < len(tokens) and (depth or code.text(at) != ":"):
        depth += (code.text(at) == "?") - (code.text(at) == ":")
        at = code.partners.get(at, at) + 1
    return [tokens[question + 1 : at], tokens[at + 1 :]]


def _outside(code: Code, text: str, start: int) -> int:
    """Index of the first such token outside brackets; -1 if there is none."""
    at = start
    while at < len(code.tokens):
        if code.text(at) == text:
            return at
        at = max(code.partners.get(at, at), at) + 1
    return -1


def _results(macro: Region) -> Iterator[Value]:
    """The last expression of a macro's block, which is the macro's value."""
    code, start, at = macro.code, 1, 1
    last = len(code.tokens) - 1
    while at < last:
        is_block = code.text(at) == "{"
        at = max(code.partners.get(at, at), at) + 1
        if is_block or code.text(at - 1) == ";":
            start = at
    if start < last <= start + LONGEST:
        yield Value(macro.number, code.tokens[start:last])
