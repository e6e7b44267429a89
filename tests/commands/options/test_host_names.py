"""Hosts behind -H."""

from __future__ import annotations

import sys

import pytest

from bttop.commands.options.host_names import MANY, destinations
from bttop.engine.remote.ssh import Destination
from bttop.errors import UsageError


def names(*texts: str, many: bool = False) -> list[str]:
    return [one.name for one in destinations(texts, sudo=False, many=many)]


def test_one_host_needs_no_cluster_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ClusterShell.NodeSet", None)
    assert names("web1", "root@10.0.0.1", "fe80::1%eth0") == ["web1", "root@10.0.0.1", "fe80::1%eth0"]
    with pytest.raises(UsageError, match="need ClusterShell") as refusal:
        names("web[1-3]")
    assert "bttop[hosts]" in refusal.value.hint


def test_sets_are_expanded_in_their_order() -> None:
    assert names("b,a", "web[08-10]", "root@db[1-2]") == ["b", "a", "web08", "web09", "web10", "root@db1", "root@db2"]
    assert names("web[1-4]!web[2-3]") == ["web1", "web4"]


def test_sudo_is_for_the_hosts_of_its_option() -> None:
    found = destinations(["sudo:web[1-2]", "db"], sudo=False)
    assert found == [Destination("web1", True), Destination("web2", True), Destination("db", False)]
    assert destinations(["db"], sudo=True) == [Destination("db", True)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b,a", "a is given twice"),
        ("web[1-3],web2", "web2 is given twice"),
        ("@no-such-group", "has no host"),
        ("web[1-", "is not a set of hosts"),
        ("-oProxyCommand=x", "is not the name of a host"),
        ("web1 -v", "is not the name of a host"),
        ("", "has no host"),
        ("sudo:", "has no host"),
        ("web[1-999999999999]", "is more than 10,000 hosts"),
        ("web[9999999999999999999]", "has a number of more than 18 digits"),
        ("rack[1-10000]node[1-10000]", "is more than 10,000 hosts"),
        (f"web[1-{MANY + 1}]", f"{MANY + 1} connections"),
    ],
)
def test_a_wrong_use_is_said_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError) as refusal:
        names(text)
    assert says in refusal.value.cause
    assert "\n" not in refusal.value.cause


def test_many_hosts_can_be_meant() -> None:
    assert len(names("web[1-500]", many=True)) == 500
    assert names("web[1-99999999/50000000]") == ["web1", "web50000001"]


def test_on_a_terminal_the_cost_of_many_hosts_and_a_host_given_twice_are_asked_about() -> None:
    asked: list[str] = []

    def yes(question: str) -> bool:
        asked.append(question)
        return True

    found = destinations(["web[1-500]", "web7"], sudo=False, ask=yes)
    assert len(found) == 500
    assert asked == [
        "web7 is given twice. Trace it once?",
        "500 hosts are 500 connections: 39 MiB are sent at once, then 350 KiB/s arrive. Continue?",
    ]
    with pytest.raises(UsageError, match="add --many"):
        destinations(["web[1-500]"], sudo=False, ask=lambda _: False)
