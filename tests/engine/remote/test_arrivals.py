"""Hosts that are there at once, later, never, or not in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bttop.engine.remote import arrivals as module
from bttop.engine.remote.arrivals import NOT_YET, Arrivals
from bttop.engine.remote.far_host import Progress
from bttop.engine.remote.link import Link
from bttop.errors import BttopError, CannotTrace, Unreachable, UsageError

PATIENCE = 60.0
REFUSED = Unreachable("Connection refused", title="web2")


class Hosts:
    """What happens at each attempt to connect to a host: the answer of the test, the last one again and again."""

    def __init__(self, **answers: list[str | BttopError | threading.Event]) -> None:
        self.answers = answers
        self.attempts = dict.fromkeys(answers, 0)
        self.dropped: list[str] = []
        self.joined: dict[str, str] = {}
        self.progress = Progress()

    def connect(self, link: Link) -> str:
        number, answers = self.attempts[link.name], self.answers[link.name]
        self.attempts[link.name] += 1
        found = answers[min(number, len(answers) - 1)]
        if isinstance(found, threading.Event):
            until(lambda: found.is_set() or self.progress.is_over)
            return "late"
        if isinstance(found, BttopError):
            raise found
        return found

    def join(self, name: str, site: str) -> None:
        self.joined[name] = site

    @contextmanager
    def arrive(self) -> Iterator[Arrivals[str]]:
        made = Arrivals(list(self.answers), self.connect, self.dropped.append, self.progress)
        try:
            yield made
        finally:
            made.close()


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_hosts_that_answer_are_there_in_the_order_of_the_command_line() -> None:
    hosts = Hosts(web1=[REFUSED, "first"], web2=["second"], web3=["third"])
    with hosts.arrive() as found:
        assert list(found.first()) in (["web2", "web3"], ["web1", "web2", "web3"])
        found.deliver(hosts.join)
        until(lambda: not found.missing)
    assert hosts.dropped == []


def test_a_host_that_does_not_answer_is_tried_until_it_joins() -> None:
    hosts = Hosts(web1=["there"], web2=[REFUSED, REFUSED, REFUSED, "late"])
    with hosts.arrive() as found:
        assert found.first() == {"web1": "there"}
        found.deliver(hosts.join)
        assert found.missing in ({}, {"web2": "Connection refused"})
        until(lambda: hosts.joined)
        assert (hosts.joined, hosts.attempts["web2"]) == ({"web2": "late"}, 4)
        assert found.missing == {}
        assert not found.links["web2"].state.lost


def test_a_host_that_hangs_delays_the_start_for_a_few_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.05)
    answers = threading.Event()
    hosts = Hosts(web1=["there"], web2=[answers])
    with hosts.arrive() as found:
        assert found.first() == {"web1": "there"}
        assert found.missing == {"web2": NOT_YET}
        found.deliver(hosts.join)
        answers.set()
        until(lambda: hosts.joined == {"web2": "late"})
        assert hosts.attempts["web2"] == 1


def test_hosts_are_awaited_while_others_still_answer_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 0.05)
    hosts = Hosts(web1=["there"], web2=[threading.Event()])
    hosts.progress.answered_at = time.monotonic() + PATIENCE
    with hosts.arrive() as found:
        assert found.first() == {"web1": "there"}


def test_a_host_that_never_can_is_not_tried_again() -> None:
    why = CannotTrace("its host key is not known", title="web2", hint="ssh web2")
    hosts = Hosts(web1=["there"], web2=[why], web3=[REFUSED])
    with hosts.arrive() as found:
        found.first()
        until(lambda: hosts.attempts["web3"] > 2)
        assert hosts.attempts["web2"] == 1
        state = found.links["web2"].state
        assert (state.lost, state.hint, state.is_final) == ("its host key is not known", "ssh web2", True)
        assert found.refusals == [why]
        assert not found.links["web3"].state.is_final


def test_without_any_host_each_is_tried_before_the_end() -> None:
    hosts = Hosts(web1=[REFUSED], web2=[CannotTrace("it has no python3")])
    with hosts.arrive() as found:
        assert found.first() == {}
        assert set(found.problems) == {"web1", "web2"}


def test_a_host_that_cannot_join_is_closed_and_says_why() -> None:
    answers = threading.Event()
    hosts = Hosts(web1=["there"], web2=[REFUSED, answers])

    def refuse(_name: str, _site: str) -> None:
        raise UsageError("there is no unit nginx.service on web2")

    with hosts.arrive() as found:
        found.first()
        found.deliver(refuse)
        answers.set()
        until(lambda: found.missing == {"web2": "there is no unit nginx.service on web2"})
        assert hosts.dropped == ["late"]
        assert found.links["web2"].state.is_final


def test_the_end_drops_hosts_that_come_and_keeps_the_reason() -> None:
    hosts = Hosts(web1=["there"], web2=[REFUSED, threading.Event()])
    with hosts.arrive() as found:
        found.first()
        until(lambda: hosts.attempts["web2"] == 2)
        found.close()
        until(lambda: hosts.dropped == ["late"])
        assert list(found.missing) == ["web2"]


def test_a_fault_in_bttop_is_raised_and_not_lost() -> None:
    def connect(_link: Link) -> str:
        raise RuntimeError("a fault")

    made = Arrivals(["web1"], connect, lambda _: None, Progress())
    with pytest.raises(RuntimeError, match="a fault"):
        made.first()
    made.close()
