"""The words of bpftrace's language by release, and the completions at the cursor.

`since` is the first release that is known to have a word: from bpftrace's change log, and from trials with 0.17, 0.23
and 0.27. A word that the change log does not name may be offered too late, never too early.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from bttop.model.record.release import Release
from bttop.model.record.releases import NEWEST_KNOWN, OLDEST_KNOWN
from bttop.patterns import pattern
from bttop.script.language.lexer import LexerFault, Token, after_blanks, attach_token, code_token, trivia_token

WordKind: TypeAlias = Literal["builtin", "function", "aggregation", "keyword", "provider"]

_MOST: Final = 200


class Word(Struct, frozen=True):
    """A word of the language."""

    text: str
    """The text to insert; functions include their opening parenthesis."""
    kind: WordKind
    since: Release = OLDEST_KNOWN
    until: Release | None = None
    """The first release without it."""

    def is_in(self, release: Release) -> bool:
        return self.since <= release and (self.until is None or release < self.until)


class WordCompletions(Struct, frozen=True):
    """The possible completions: one of the words replaces the text between `start` and the cursor."""

    start: int
    words: tuple[str, ...] = ()
    """The best first."""


class _Place(Struct, frozen=True):
    """Where the cursor is."""

    kind: Literal["attach", "code", "predicate", "nowhere"]
    start: int
    """Start of the word that ends at the cursor."""
    points: tuple[str, ...] = ()
    """Attach points of the probe that the cursor is in."""


def _words(kind: WordKind, texts: str, since: Release = OLDEST_KNOWN, until: Release | None = None) -> Iterator[Word]:
    yield from (Word(text, kind, since, until) for text in texts.split())


WORDS: Final[tuple[Word, ...]] = (
    *_words("builtin", "pid tid uid gid comm cpu nsecs elapsed cgroup curtask rand ctx kstack ustack"),
    *_words("builtin", "args retval func probe username cpid arg0 arg1 arg2 arg3 arg4 arg5"),
    *_words("builtin", "sarg0 sarg1 sarg2 sarg3 sarg4 sarg5", until=Release(0, 25)),
    *_words("builtin", "numaid", Release(0, 16)),
    *_words("builtin", "jiffies", Release(0, 20)),
    *_words("builtin", "ncpus usermode ppid", Release(0, 24)),
    *_words("builtin", "pcomm probetype", Release(0, 25)),
    *_words("aggregation", "count() sum( avg( min( max( stats( hist( lhist("),
    *_words("aggregation", "tseries(", Release(0, 24)),
    *_words("function", "print( printf( clear( zero( delete( time( exit() join( cat( system( signal( override("),
    *_words("function", "str( buf( ksym( usym( kaddr( uaddr( reg( ntop( macaddr( cgroupid( path( strncmp("),
    *_words("function", "strftime( kptr( uptr( sizeof( kstack( ustack("),
    *_words("function", "cgroup_path( bswap( skboutput(", Release(0, 15)),
    *_words("function", "pton( strerror( debugf(", Release(0, 16)),
    *_words("function", "strcontains(", Release(0, 17)),
    *_words("function", "offsetof(", Release(0, 18)),
    *_words("function", "nsecs(", Release(0, 19)),
    *_words("function", "len(", Release(0, 20)),
    *_words("function", "has_key( percpu_kaddr(", Release(0, 22)),
    *_words("function", "assert( getopt(", Release(0, 24)),
    *_words("function", "errorf( warnf( fail( strstr( strlen( socket_cookie(", Release(0, 27)),
    *_words("function", "is_ptr( is_str( is_integer( is_array( is_literal( kfunc_exist( stack_len(", Release(0, 27)),
    *_words("function", "syscall_name( signal_name( signal_thread( find( is_err( memcmp( strcap(", Release(0, 27)),
    *_words("function", "ppid( container_of( str_concat( config( static_assert( kfunc_allowed(", Release(0, 27)),
    *_words("keyword", "if else while unroll return break continue"),
    *_words("keyword", "true false", Release(0, 17)),
    *_words("keyword", "for", Release(0, 21)),
    *_words("keyword", "let", Release(0, 22)),
    *_words("keyword", "comptime typeof", Release(0, 27)),
    *_words(
        "provider", "tracepoint: kprobe: kretprobe: uprobe: uretprobe: usdt: BEGIN END interval:s:1 interval:ms:100"
    ),
    *_words("provider", "profile:hz:99 software: hardware: iter: watchpoint:"),
    *_words("provider", "kfunc: kretfunc:", until=Release(0, 20)),
    *_words("provider", "rawtracepoint:", Release(0, 18)),
    *_words("provider", "fentry: fexit:", Release(0, 20)),
)
_WORD_AT_END: Final = pattern(r"[@$]?[A-Za-z0-9_]*\Z")
_NAMES: Final = pattern(r"(?:@[A-Za-z_]|\$[A-Za-z_])[A-Za-z0-9_]*|\$[0-9]")


def complete(
    text: str,
    cursor: int,
    probes: Callable[[str], Sequence[str]],
    release: Release = NEWEST_KNOWN,
    fields: Callable[[str], Sequence[str]] = lambda _: (),
) -> WordCompletions:
    """The completions at the cursor, an offset into the text. None inside comments and strings. Never raises.

    `probes` returns the attach points for a partly typed one; `fields` returns the argument names of an attach point,
    offered after `args->` and `args.`. Both may return nothing if they are still loading.
    """
    cursor = min(max(cursor, 0), len(text))
    place = _place(text[:cursor])
    if place.kind == "nowhere":
        return WordCompletions(cursor)
    typed = text[place.start : cursor]
    if place.kind == "attach":
        found = probes(typed) if typed else ()
        return WordCompletions(place.start, _distinct((*_fitting(typed, release, ("provider",)), *found)))
    return WordCompletions(place.start, _distinct(_in_code(text, cursor, place, release, fields)))


def _in_code(
    text: str, cursor: int, place: _Place, release: Release, fields: Callable[[str], Sequence[str]]
) -> Iterator[str]:
    typed = text[place.start : cursor]
    before = text[: place.start].rstrip()
    if before.endswith(("->", ".")):
        if re.search(r"\bargs(?:->|\.)\Z", before):
            found = (field for point in place.points for field in fields(point))
            yield from (field for field in found if field.startswith(typed))
    elif typed[:1] in ("@", "$"):
        names = sorted(set(_NAMES.findall(text[: place.start] + " " + text[cursor:])))
        yield from (name for name in names if name.startswith(typed) and name != typed)
    elif typed and not typed[0].isdigit():
        kinds = (
            ("builtin", "function") if place.kind == "predicate" else ("builtin", "aggregation", "function", "keyword")
        )
        yield from _fitting(typed, release, kinds)


def _fitting(typed: str, release: Release, kinds: Sequence[str]) -> Iterator[str]:
    for kind in kinds:
        yield from (
            word.text for word in WORDS if word.kind == kind and word.text.startswith(typed) and word.is_in(release)
        )


def _distinct(words: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))[:_MOST]


def _place(text: str) -> _Place:
    """The place at the end of `text`, an incomplete script."""
    at = 0
    points: list[str] = []
    open_for_points = True
    while at < len(text):
        trivia = trivia_token(text, at, 1)
        if trivia is not None:
            if isinstance(trivia, LexerFault) or (
                trivia.kind != "space" and trivia.end == len(text) and _is_open(trivia)
            ):
                return _Place("nowhere", len(text))
            at = trivia.end
        elif text[at] == '"':
            return _Place("nowhere", len(text))  # a quoted part of an attach point that is not closed yet
        elif text[at] == ",":
            at, open_for_points = at + 1, True
        elif text[at] == "{" or (text[at] == "/" and points):
            inside, at = _code(text, at, tuple(points))
            if inside is not None:
                return inside
            if text[at - 1] == "}":
                points, open_for_points = [], True
        else:
            point = attach_token(text, at, 1)
            end = point.end if point is not None else at + 1
            if end == len(text):
                return _Place("attach" if open_for_points and point is not None else "nowhere", at)
            if open_for_points:
                points.append(text[at:end])
            at, open_for_points = end, False
    return _Place("attach" if open_for_points else "nowhere", len(text))


def _is_open(token: Token) -> bool:
    """Whether text that is typed after the token still belongs to it."""
    return not token.text.endswith("*/")


def _code(text: str, at: int, points: tuple[str, ...]) -> tuple[_Place | None, int]:
    """Read the predicate or block that begins at `at`. Return the place if the text ends inside it (else None), and
    the offset at which it ends."""
    in_block = text[at] == "{"
    depth = 1 if in_block else 0
    at += 1
    while at < len(text):
        token = code_token(text, at, 1)
        if isinstance(token, LexerFault) or (token.kind == "comment" and token.end == len(text) and _is_open(token)):
            return _Place("nowhere", len(text)), len(text)
        at = token.end
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if in_block and depth == 0:
            return None, at
        if not in_block and token.text == "/" and text[after_blanks(text, at) :].startswith("{"):
            return None, at
    word = _WORD_AT_END.search(text)
    start = word.start() if word is not None else len(text)
    return _Place("code" if in_block else "predicate", start, points), len(text)
