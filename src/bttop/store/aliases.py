"""Replaces names by aliases in a report; within one report, a name always gets the same alias.

Replaced: names of processes, paths, addresses, hosts, command lines, units and containers, wherever they appear (keys,
frames, printed text, scripts, marks, messages). Kept: numbers, names of functions and system calls, and words that the
scripts themselves contain. A text column of any other kind is replaced too, because it may be sensitive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Protocol

from bttop.model.plan import Column
from bttop.patterns import pattern
from bttop.script.language.lexer import Token, code_token

_KINDS = (
    ("proc", pattern(r"comm|parent|child|proc|task|exe|cmd|thread|waker|wakee|prev|next", re.IGNORECASE)),
    ("addr", pattern(r"addr|^ip|ip$|peer|dest|source|remote|local", re.IGNORECASE)),
    ("path", pattern(r"path|file|dir|mount", re.IGNORECASE)),
    ("host", pattern(r"host", re.IGNORECASE)),
    ("unit", pattern(r"unit|service|slice", re.IGNORECASE)),
    ("container", pattern(r"container|cgroup|pod", re.IGNORECASE)),
)
"""The kind of name that a column holds, by a pattern of its title."""
_COMMAND = frozenset({"command", "cmdline", "args"})
_PATH = r"(?<![\w.)\]])~?/(?:[^\s\"'`,;:(){}\[\]<>|/]+/)*[^\s\"'`,;:(){}\[\]<>|/]+/?"
_V4 = r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)"
_V6 = r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])"
_PLACE = pattern(rf"(?P<path>{_PATH})|(?P<addr>{_V4}|{_V6})")
_FRAME_PATH = pattern(_PATH)
_PORT = pattern(r"(?P<v4>[^:\[\]]+)(?P<port>:\d{1,5})?|\[(?P<v6>[^\]]+)\](?P<port6>:\d{1,5})?")
_SHORTEST_NAME = 3
"""Minimum length, in characters, of a known name that is replaced within other text, and of text of unknown kind that
counts as a name. Shorter ones are common words, or letters such as R and W for read and write."""
_MOST_NAMES = 5_000
_OURS = frozenset({"bttop", "bpftrace"})
"""Process names that reveal nothing and appear in every explanation."""
_SPEAKING = frozenset({"proc", "host", "unit", "container", "command"})
"""Kinds whose names are always replaced in running text. Names of other kinds are replaced there only if they are not
purely alphabetic: a file may be called `sent`."""
_WORD = pattern(r"[\w.@-]+")


class NamePolicy(Protocol):
    """Decides how names are written in a report."""

    def part(self, column: Column, part: int | str) -> str:
        """Return a decoded part of a key."""

    def value(self, text: str) -> str:
        """Return a text value of a map."""

    def frame(self, name: str) -> str:
        """Return a frame of a stack."""

    def text(self, text: str) -> str:
        """Return text that a user, bpftrace or a script wrote."""

    def script(self, text: str) -> str:
        """Return a script."""

    def alias(self, kind: str, name: str) -> str:
        """Return a name of a known kind: proc, path, addr, host, unit, container, command or text."""


class PlainNames:
    """Replaces nothing."""

    def part(self, column: Column, part: int | str) -> str:  # noqa: ARG002  other policies use the column
        return str(part)

    def value(self, text: str) -> str:
        return text

    def frame(self, name: str) -> str:
        return name

    def text(self, text: str) -> str:
        return text

    def script(self, text: str) -> str:
        return text

    def alias(self, kind: str, name: str) -> str:  # noqa: ARG002
        return name


class AliasedNames:
    """Replaces every name that could identify the machine by an alias: `proc-1`, `path-3`, `addr-2`."""

    def __init__(self, harmless: Iterable[str] = ()) -> None:
        """`harmless`: words that are kept as values, because the scripts themselves contain them."""
        self._harmless = frozenset(harmless)
        self._aliases: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._known: dict[str, str] = {}

    def alias(self, kind: str, name: str) -> str:
        """Return the alias of a name. A name that already has an alias of another kind keeps that alias."""
        if not name:
            return name
        known = self._known.get(name)
        if known is not None:
            return known
        self._counts[kind] = self._counts.get(kind, 0) + 1
        made = f"{kind}-{self._counts[kind]}"
        if len(self._known) < _MOST_NAMES or kind != "text":
            self._known[name] = made
        return made

    def part(self, column: Column, part: int | str) -> str:
        if isinstance(part, int):
            return str(part)
        if column.kind == "stack":
            return "\n".join([self.frame(line) for line in part.split("\n")])
        kind = _kind_of(column)
        if kind == "addr" or _is_address(part):
            return self._address(part)
        if kind:
            return self.alias(kind, part)
        return self.value(part)

    def value(self, text: str) -> str:
        if text in self._known:
            return self._known[text]
        if text in self._harmless or _is_number(text) or len(text) < _SHORTEST_NAME:
            return text
        if _is_address(text):
            return self._address(text)
        return self.alias("path" if "/" in text else "text", text)

    def frame(self, name: str) -> str:
        return _FRAME_PATH.sub(self._framed, name)

    def _framed(self, found: re.Match[str]) -> str:
        """Return the alias of a path within a frame; an offset after the path is kept."""
        path, plus, offset = found[0].rpartition("+")
        return f"{self.alias('path', path)}+{offset}" if plus and offset.isdecimal() else self.alias("path", found[0])

    def text(self, text: str) -> str:
        """Replace everything that looks like a path or an address, and every name that is already known."""
        at, pieces = 0, []
        for found in _PLACE.finditer(text):
            pieces.append(self._words(text[at : found.start()]))
            pieces.append(self._place(found))
            at = found.end()
        return "".join([*pieces, self._words(text[at:])])

    def script(self, text: str) -> str:
        """Replace names in the comments, strings and paths of a script. Strings in comparisons count as names."""
        return "".join([self._token(token, is_compared) for token, is_compared in _judged(text)])

    def _token(self, token: Token, is_compared: bool) -> str:
        if token.kind == "comment":
            return token.text[:2] + self.text(token.text[2:])
        if token.kind == "string":
            inner = token.text[1:-1]
            return f'"{self.value(inner) if is_compared else self.text(inner)}"'
        if token.kind == "attach":
            return self.frame(token.text)
        return token.text

    def _place(self, found: re.Match[str]) -> str:
        if found["path"] is not None:
            return self.alias("path", found["path"])
        return self._address(found["addr"]) if _is_address(found["addr"]) else found["addr"]

    def _address(self, text: str) -> str:
        found = _PORT.fullmatch(text)
        bare, port = (found["v4"] or found["v6"], found["port"] or found["port6"] or "") if found else (text, "")
        return self.alias("addr", bare) + port

    def _words(self, text: str) -> str:
        if not self._known:
            return text
        return _WORD.sub(lambda found: self._known_word(found[0]), self._phrases(text))

    def _known_word(self, word: str) -> str:
        bare = word.strip(".-")
        return word.replace(bare, self._known[bare]) if self._is_told(bare) else word

    def _is_told(self, name: str) -> bool:
        """Return whether a name is to be replaced in running text."""
        if len(name) < _SHORTEST_NAME or name in _OURS or name not in self._known:
            return False
        return self._known[name].rpartition("-")[0] in _SPEAKING or not name.isalpha()

    def _phrases(self, text: str) -> str:
        """Replace names of more than one word, such as `Web Content`."""
        for name, made in self._known.items():
            if _WORD.fullmatch(name) is None and name in text and self._is_told(name):
                text = text.replace(name, made)
        return text


_EQUAL = frozenset({"==", "!="})
_COMPARING = frozenset({"strncmp", "strcontains"})
"""Functions that compare a string or search for it."""
_REACH = 4
"""How many tokens before a string to search for the name of such a function: `strncmp(comm, "java", 4)`."""
_ATTACHED = pattern(r"\b(?:u|k)(?:ret)?probe:[^\s,{]+|\busdt:[^\s,{]+|\bwatchpoint:[^\s,{]+")


def _tokens(text: str) -> Iterable[Token]:
    """Yield the tokens of a script. An attach point with a path is one token; the text from the first invalid
    character on is one comment."""
    at = 0
    while at < len(text):
        attached = _ATTACHED.match(text, at)
        if attached is not None and not text[at - 1 : at].isalnum():
            token = Token("attach", attached[0], at, 0)
        else:
            found = code_token(text, at, 0)
            token = found if isinstance(found, Token) else Token("comment", text[at:], at, 0)
        yield token
        at = token.end


def _judged(text: str) -> Iterable[tuple[Token, bool]]:
    """Return the tokens of a script, each with whether it is compared with something."""
    tokens = list(_tokens(text))
    words = [at for at, token in enumerate(tokens) if token.kind not in ("space", "comment")]
    compared = set()
    for place, at in enumerate(words):
        around = {tokens[near].text for near in (*words[max(0, place - 1) : place], *words[place + 1 : place + 2])}
        before = {tokens[near].text for near in words[max(0, place - _REACH) : place]}
        if around & _EQUAL or before & _COMPARING:
            compared.add(at)
    return [(token, at in compared) for at, token in enumerate(tokens)]


def words_of(script: str) -> set[str]:
    """Return the strings of a script that are not part of a comparison, such as `op` and `track`."""
    return {token.text[1:-1] for token, is_compared in _judged(script) if token.kind == "string" and not is_compared}


def _kind_of(column: Column) -> str:
    if column.decoder == "address":
        return "addr"
    if column.title.lower() in _COMMAND:
        return "command"
    return next((kind for kind, pattern in _KINDS if pattern.search(column.title)), "")


def _is_address(text: str) -> bool:
    found = _PORT.fullmatch(text)
    for bare in (text, *((found["v4"] or found["v6"],) if found else ())):
        try:
            ip_address(bare)
        except ValueError:
            continue
        return True
    return False


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+0-9.,()x\s]*", text) is not None


def meet(names: NamePolicy, facts: Iterable[Mapping[str, object]]) -> None:
    """Register the known facts of processes with `names`, so that their command names, command lines, units and
    containers are replaced everywhere."""
    kinds: Mapping[str, str] = {"comm": "proc", "command": "command", "unit": "unit", "container": "container"}
    remember: Callable[[str, str], str] = names.alias
    for one in facts:
        for field, kind in kinds.items():
            found = one.get(field)
            if isinstance(found, str):
                remember(kind, found)


def aliased(scripts: Iterable[str], hosts: Iterable[str], processes: Iterable[Mapping[str, object]]) -> AliasedNames:
    """Aliases for everything that a recording names: its hosts, its processes, and what its scripts do not contain."""
    names = AliasedNames(words_of("\n".join(scripts)))
    for host in hosts:
        names.alias("host", host)
    meet(names, processes)
    return names
