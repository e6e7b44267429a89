"""What a program may run: by the answers of the user and the results of trial runs."""

from __future__ import annotations

from typing import TypeAlias

TrialKey: TypeAlias = tuple[str, str]
"""The text of a script and the condition of its pin."""


class StartPermission:
    """The admission state of one program. Engine thread only."""

    def __init__(self) -> None:
        self.is_edited = False
        """Whether its text was replaced: then its origin is not trusted, and it never runs with `--unsafe`."""
        self._held: TrialKey | None = None
        """The script that a trial run has held back, until the user answers."""
        self.allowed: int | None = None
        """The percentage of all CPUs that the user has allowed the program alone; None: it shares the budget."""
        self._is_of_old_text = False
        """Whether the allowance is for the text before the last edit, which still runs."""
        self._asked = 0
        self._asks: str | None = None
        self._confirmed: set[str] = set()
        self._cleared: set[TrialKey] = set()

    def edited(self) -> None:
        """The text of the program was replaced. The old text keeps its allowance as long as it runs."""
        self.is_edited = True
        self._is_of_old_text = True

    def started(self) -> None:
        """A new generation is the current one: an allowance for an older text ends."""
        if self._is_of_old_text:
            self.allowed, self._is_of_old_text = None, False

    def forget_question(self) -> None:
        """The user need not confirm anything now."""
        self._asks = None

    def ask_unsafe(self, text: str) -> None:
        """The user must confirm that this text may change the system."""
        self._asks = text

    def is_confirmed(self, text: str) -> bool:
        """Whether the user has confirmed that this text may change the system."""
        return text in self._confirmed

    def is_cleared(self, key: TrialKey) -> bool:
        """Whether this text may run under this pin."""
        return key in self._cleared

    def clear(self, key: TrialKey) -> None:
        """This text may run under this pin."""
        self._cleared.add(key)

    def hold(self, key: TrialKey, allowed: int) -> None:
        """Hold this script back until the user answers. `allowed`: the percentage of all CPUs that it may take then; 0
        if that is unknown."""
        self._held, self._asked = key, allowed

    def allow(self, percent: int) -> None:
        """The user lets the program alone take this percentage of all CPUs."""
        self.allowed, self._is_of_old_text = percent, False

    def forget(self) -> None:
        """Drop all open questions."""
        self._asks = self._held = None

    def approve(self) -> bool:
        """The user agrees; return whether a question was open."""
        if self._asks is not None:
            self._confirmed.add(self._asks)
            self._asks = None
            return True
        if self._held is not None:
            self._cleared.add(self._held)
            self._held = None
            self.allowed, self._is_of_old_text = self._asked or None, False
            return True
        return False
