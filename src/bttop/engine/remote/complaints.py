"""What ssh, sudo and python say when a tracer cannot be started on another host, as one sentence."""

from __future__ import annotations

from typing import Final

from bttop.patterns import pattern

TOO_MUCH: Final = "its start-up files print too much: no tracer answers"
_DAMAGED: Final = "the tracer arrived there damaged"
_SENTENCES: Final = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "its host key has changed since you last connected: find out why first"),
    ("Host key verification failed", "its host key is not known: connect once with ssh, and check the key"),
    ("Permission denied (", "ssh is not let in without a password: load a key into the agent"),
    ("Too many authentication failures", "ssh is not let in: it offers too many keys"),
    ("a password is required", "sudo asks for a password there: allow `sudo -n python3` in its sudoers"),
    ("a terminal is required", "sudo asks for a password there: allow `sudo -n python3` in its sudoers"),
    ("you must have a tty", "sudo wants a terminal there: remove requiretty from its sudoers"),
    ("not in the sudoers file", "sudo does not allow this user anything there"),
    ("is not allowed to execute", "sudo does not allow python3 there"),
    ("sudo: not found", "it has no sudo"),
    ("sudo: command not found", "it has no sudo"),
    ("python3: not found", "it has no python3"),
    ("python3: command not found", "it has no python3"),
    ("SyntaxError", "its python3 is older than 3.6"),
    ("the tracer arrived damaged", _DAMAGED),
)
_OF_SSH: Final = pattern(r"^ssh: (?:connect to host \S+ )?")
"""What ssh says before a reason; the host is known."""
_FINAL: Final = frozenset({TOO_MUCH, *(sentence for _, sentence in _SENTENCES)} - {_DAMAGED})


def sentence_of(said: str) -> str:
    """The reason in what was said on standard error: a known one as a sentence, else its last line."""
    known = next((sentence for words, sentence in _SENTENCES if words in said), "")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return known or (_OF_SSH.sub("", lines[-1])[:200] if lines else "the connection was closed")


def is_final(sentence: str) -> bool:
    """Whether a further attempt would end with the same sentence, until somebody changes something."""
    return sentence in _FINAL
