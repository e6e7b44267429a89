"""The edits that make a script print its maps at every interval and end each flush with a heartbeat.

Two banks: `@__bt_n` counts the ticks. Its lowest bit selects the bank that the probes fill; the tick prints and clears
the other one. Keys and values are evaluated once, into variables: bpftrace 0.17 compiles a context field that is in
both branches, but the kernel then refuses the program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from bttop.script.flush_edits.collisions import bucket_number, twice
from bttop.script.flush_edits.schemes import SchemeChoice
from bttop.script.language.columns import Expression
from bttop.script.language.edits import PREFIX, Edit, replace
from bttop.script.language.reader import Probe, Script
from bttop.script.language.survey import Call, Update

TICKS: Final = f"@{PREFIX}n"

_CONTEXT_FREE: Final = frozenset(
    ["pid", "tid", "uid", "gid", "cpu", "comm", "nsecs", "elapsed", "probe", "ncpus", "rand"]
)
"""Builtins that do not use the probe's context: they may be in both branches, of which one is executed."""
_CONSTANT: Final = frozenset(["probe", "ncpus"])
"""Builtins that have the same value each time they are evaluated in one event; even `comm` can change in between."""


def bank_names(choices: Sequence[SchemeChoice]) -> dict[str, tuple[str, str]]:
    """The names of the two banks of every banked map, by the user's name of the map."""
    banked = [choice.use.name for choice in choices if choice.scheme == "bank"]
    return {name: (f"@{PREFIX}{letters(i)}0", f"@{PREFIX}{letters(i)}1") for i, name in enumerate(banked)}


def ticks_of(block: int) -> str:
    """The map that counts the ticks of an interval block, by the block's index in the plan."""
    return f"{TICKS}{letters(block)}" if block else TICKS


def heartbeat(nonce: int, block: int = 0, *, is_last: bool = False) -> str:
    """The statement that ends a flush (see `model/record/heartbeats.py`); `is_last` for the one in END."""
    return f"print(({nonce}, ({block}, {ticks_of(block)}, nsecs{', 1' if is_last else ''})));"


def flush_statements(choices: Sequence[SchemeChoice], nonce: int, block: int = 0) -> str:
    """The statements of an interval block that print every map and end the flush; `block` is its index in the plan."""
    banks = bank_names(choices)
    odd = "".join(f"print({zero}); clear({zero}); " for zero, _ in banks.values())
    even = "".join(f"print({one}); clear({one}); " for _, one in banks.values())
    flip = f"if ({TICKS} & 1) {{ {odd}}} else {{ {even}}} " if banks else ""
    whole = "".join(f"print({choice.use.name}); " for choice in choices if choice.scheme != "bank")
    return f"{ticks_of(block)}++; {flip}{whole}{heartbeat(nonce, block)}"


def map_edits(
    script: Script, choices: Sequence[SchemeChoice], guards: Mapping[int, str] | None = None
) -> Iterator[Edit]:
    """The edits of the statements that fill the maps, and of `print` and `clear` in BEGIN and END.

    `clear` in END is removed: bttop prints all flushed maps at the end of END (see `last_flush`). The calls of a map
    with a copy stay as they are.

    `guards` are the conditions for statements, by the statement's offset."""
    by_name = {choice.use.name: choice for choice in choices}
    banks = bank_names(choices)
    guards = guards or {}
    for run in _runs(choices, banks, guards):
        yield from _bank_edits(run, by_name, banks, guards.get(_offset(run[0]), ""))
    for choice in choices:
        for call in choice.use.calls if not choice.copied else ():
            if call.in_macro:
                continue
            if script.probes[call.probe].has("end") and call.verb != "print":
                yield from removed(script, call)
            elif choice.scheme == "bank" and script.probes[call.probe].has("begin"):
                yield replace(call.map_token, banks[choice.use.name][0])
        if choice.scheme != "bank":
            for update in choice.use.updates:
                yield from _guarded(update, choice, guards.get(_offset(update), ""))


def removed(script: Script, call: Call) -> Iterator[Edit]:
    """Remove a call and the `;` after it."""
    for token in call.tokens:
        yield replace(token, "")
    block = script.probes[call.probe].block
    behind = next(one for one in script.significant(block[0], block[1] + 1) if one.start >= call.tokens[-1].end)
    if behind.text == ";":
        yield replace(behind, "")


def separator(script: Script, probe: Probe) -> str:
    """The separator before a statement that is added to the end of a block: `;` or nothing."""
    start, end = probe.block
    return "" if list(script.significant(start, end))[-1].text in ("{", "}", ";") else ";"


def letters(number: int) -> str:
    """a, b … z, aa, ab …"""
    rest, last = divmod(number, 26)
    return (letters(rest - 1) if rest else "") + chr(ord("a") + last)


def _offset(update: Update) -> int:
    return update.tokens[0].start


def _guarded(update: Update, choice: SchemeChoice, guard: str) -> Iterator[Edit]:
    """The edits of a statement that stays in its place, with its guard."""
    if guard:
        yield Edit(_offset(update), f"if ({guard}) {{ ")
    if choice.rewritten:
        yield from counted_in_place(update, choice.function)
    if guard:
        yield Edit(update.tokens[-1].end, " }")


def _runs(
    choices: Sequence[SchemeChoice], banks: Mapping[str, object], guards: Mapping[int, str]
) -> Iterator[list[Update]]:
    """Groups of consecutive banked statements with the same guard: a group tests the bank flag once."""
    updates = [update for choice in choices if choice.use.name in banks for update in choice.use.updates]
    run: list[Update] = []
    for update in sorted(updates, key=lambda one: (one.probe, one.position)):
        apart = run and guards.get(_offset(run[-1])) != guards.get(_offset(update))
        if run and (apart or not _follows(run[-1], update)):
            yield run
            run = []
        run.append(update)
    if run:
        yield run


def _follows(first: Update, second: Update) -> bool:
    return first.probe == second.probe and first.position + len(first.tokens) == second.position


def _bank_edits(
    run: Sequence[Update], by_name: Mapping[str, SchemeChoice], banks: Mapping[str, tuple[str, str]], guard: str
) -> Iterator[Edit]:
    """Replace statements by assignments to variables, and add the choice of the bank after the last one, before it the
    script's own statements if they stay."""
    statements: list[_Statement] = []
    own: list[tuple[Update, str]] = []
    end = run[-1].tokens[-1].end
    for update in run:
        choice = by_name[update.name]
        if update.form == "macro":
            yield from _in_place(update, {})
            statements.append(_macro_call(update))
            continue
        hoisted, written = _hoisted(update, choice)
        yield from _in_place(update, hoisted)
        keys, arguments = _parts(update, choice.function, written)
        if choice.numbered is not None:
            keys.append(f"${_bucket(update)}")
            numbers = bucket_number(_bucket(update), arguments[0], choice.numbered)
            yield Edit(end, numbers, origin=update.tokens[0].start)
        statements += [_Statement(update, "", rest) for rest in _assignments(choice, keys, arguments)]
        if choice.copied:
            own.append((update, _own_assignment(update, choice, written)))
    if guard:
        yield Edit(end, f" if ({guard}) {{")
    for update, text in own:
        yield Edit(end, f" {text}", origin=update.tokens[0].start)
    yield from _both_branches(statements, banks)
    if guard:
        yield Edit(end, " }")


class _Statement(NamedTuple):
    """A statement as it is written for each bank: the text around the bank's name."""

    update: Update
    before: str
    after: str


def _macro_call(update: Update) -> _Statement:
    """The call of a macro. Its arguments stay in the branches, of which one is executed."""
    at = next(index for index, token in enumerate(update.tokens) if token.kind == "map")
    before, after = (" ".join(token.text for token in part) for part in (update.tokens[:at], update.tokens[at + 1 :]))
    return _Statement(update, f"{before} ", f" {after.removesuffix(';')};")


def _bucket(update: Update) -> str:
    """The variable that holds the number of a histogram's bucket, without its `$`."""
    return f"{PREFIX}{update.probe}_{update.tokens[0].start}b"


def _in_place(update: Update, hoisted: Mapping[str, Expression]) -> Iterator[Edit]:
    """Keep only the hoisted expressions of a statement, each assigned to its variable."""
    kept = {token.start for expression in hoisted.values() for token in expression}
    names = {expression[0].start: name for name, expression in hoisted.items()}
    ends = {expression[-1].start for expression in hoisted.values()}
    for token in update.tokens:
        if token.start in names:
            yield Edit(token.start, f" ${names[token.start]} = ")
        if token.start not in kept:
            yield replace(token, "")
        if token.start in ends:
            yield Edit(token.end, ";")


def _hoisted(update: Update, choice: SchemeChoice) -> tuple[dict[str, Expression], dict[int, str]]:
    """The variables with their expressions, and the text of each expression (by its offset) in the branches."""
    hoisted: dict[str, Expression] = {}
    written: dict[int, str] = {}
    evaluated = update.arguments[:1] if choice.function in ("hist", "lhist") else update.arguments
    repeatable = _CONSTANT if choice.twice or choice.copied else _CONTEXT_FREE
    for expression in (*update.keys, *update.arguments):
        literal = expression in update.arguments[len(evaluated) :]
        if literal or _is_plain(expression, repeatable):
            written[expression[0].start] = " ".join(token.text for token in expression)
        else:
            name = f"{PREFIX}{update.probe}_{expression[0].start}"
            hoisted[name] = expression
            written[expression[0].start] = f"${name}"
    return hoisted, written


def _is_plain(expression: Expression, repeatable: Collection[str]) -> bool:
    """Whether an expression may be repeated as it is: a literal, a variable, or one of the `repeatable` builtins."""
    tokens = expression[1:] if expression[0].text == "-" else expression
    if len(tokens) != 1:
        return False
    return tokens[0].kind in ("number", "string", "variable") or tokens[0].text in repeatable


def _parts(update: Update, function: str, written: Mapping[int, str]) -> tuple[list[str], list[str]]:
    """The parts of the key and the arguments, as written in the branches."""
    keys = [written[part[0].start] for part in update.keys]
    arguments = [written[part[0].start] for part in update.arguments]
    return keys, ["1"] if update.form == "increment" and function == "sum" else arguments


def _assignments(choice: SchemeChoice, keys: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    """The text after the map's name in one branch, for one statement or two."""
    key = f"[{', '.join(keys)}]" if keys else "[0]" if choice.under_key else ""
    if choice.twice:
        return twice(key, choice.function, ", ".join(arguments))
    return (f"{key} = {choice.function}({', '.join(arguments)});",)


def _own_assignment(update: Update, choice: SchemeChoice, written: Mapping[int, str]) -> str:
    """The script's own statement, with the variables that hold its keys and values. A map that is only counted loses no
    update by it.

    A variable that is the whole key gets a copy: after a text variable was the key of a map, 0.17 has another text in
    it, and the branches still need it."""
    keys = [written[part[0].start] for part in update.keys]
    arguments = [written[part[0].start] for part in update.arguments]
    if len(keys) == 1 and keys[0].startswith("$"):
        key = f"${PREFIX}{update.probe}_{update.tokens[0].start}k"
        return f"{key} = {keys[0]}; {_own_statement(update, choice, [key], arguments)}"
    return _own_statement(update, choice, keys, arguments)


def _own_statement(update: Update, choice: SchemeChoice, keys: Sequence[str], arguments: Sequence[str]) -> str:
    name = f"{update.name}[{', '.join(keys)}]" if keys else update.name
    if update.form == "aggregate":
        return f"{name} = {update.aggregation}({', '.join(arguments)});"
    if not choice.rewritten:
        return f"{name}++;" if update.form == "increment" else f"{name} += {arguments[0]};"
    if choice.function == "count":
        return f"{name} = count();"
    return f"{name} = sum({arguments[0] if arguments else '1'});"


def _both_branches(statements: Sequence[_Statement], banks: Mapping[str, tuple[str, str]]) -> Iterator[Edit]:
    """The statements once for each bank, inserted after the last one; each edit has the origin of its statement."""
    end = statements[-1].update.tokens[-1].end
    for bank, opening, closing in ((1, f" if ({TICKS} & 1) {{", " }"), (0, " else {", " }")):
        yield Edit(end, opening)
        for update, before, after in statements:
            yield Edit(end, f" {before}{banks[update.name][bank]}{after}", origin=update.tokens[0].start)
        yield Edit(end, closing)


def counted_in_place(update: Update, function: str) -> Iterator[Edit]:
    """Replace `avg` by `stats`, `++` by `count()` and `+=` by `sum()`; the map keeps its name."""
    tokens = update.tokens[:-1] if update.tokens[-1].text == ";" else update.tokens
    if update.form == "aggregate":
        start = update.arguments[0][0].start
        name = next(token for token in reversed(tokens) if token.kind == "word" and token.end < start + 1)
        yield replace(name, function)
    elif update.form == "increment":
        operator = next(token for token in (tokens[-1], tokens[0]) if token.text == "++")
        yield replace(operator, "")
        yield Edit(tokens[-1].end, f" = {function}({'1' if function == 'sum' else ''})")
    else:
        operator = next(token for token in reversed(tokens) if token.end <= update.arguments[0][0].start)
        yield replace(operator, f"= {function}(")
        yield Edit(tokens[-1].end, ")")
