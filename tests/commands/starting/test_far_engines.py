"""Hosts that cannot run the programs, beside others that can."""

from __future__ import annotations

import argparse
from typing import Any, cast

import pytest

from bttop.commands.starting import far_engines
from bttop.commands.starting.far_engines import start_engines
from bttop.commands.starting.site import Site
from bttop.engine.remote.arrivals import Arrivals
from bttop.engine.remote.far_host import Progress
from bttop.engine.remote.link import Link
from bttop.engine.remote.ssh import Destination
from bttop.errors import UsageError
from tests.ui.scenes import FakeEngine

HOSTS = [Destination("web1"), Destination("web2")]


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The hosts that do not have what the pin names; the test adds to it."""
    names: set[str] = set()

    def connect(link: Link) -> Site:
        return cast(Site, argparse.Namespace(name=link.name, far=None))

    def reached(*_: object) -> tuple[dict[str, Site], Arrivals[Site]]:
        arrivals = Arrivals([one.name for one in HOSTS], connect, lambda _: None, Progress())
        return arrivals.first(), arrivals

    def start_on(_options: object, _engine: object, site: Any, *_: object) -> None:
        if site.name in names:
            raise UsageError("there is no cgroup shop.service", title="no pin")

    for name, stand_in in {
        "check_options": lambda *_: None,
        "trust_of": lambda _: None,
        "asked_programs": lambda *_, **__: (),
        "engine_on": lambda *_, **__: FakeEngine().engine,
        "reach": reached,
        "start_on": start_on,
    }.items():
        monkeypatch.setattr(far_engines, name, stand_in)
    return names


def test_a_host_without_what_the_pin_names_is_refused_and_the_others_run(lacking: set[str]) -> None:
    lacking.add("web2")
    engines = start_engines(argparse.Namespace(pin_text="shop.service"), HOSTS, "bttop stream", print)
    assert len(engines.engines) == 1
    assert engines.missing == {"web2": "there is no cgroup shop.service"}
    assert [link.state.is_final for link in engines.links] == [False, True]
    engines.close()


def test_a_pin_that_no_host_has_is_an_error(lacking: set[str]) -> None:
    lacking.update(("web1", "web2"))
    with pytest.raises(UsageError, match="web1: there is no cgroup"):
        start_engines(argparse.Namespace(pin_text="shop.service"), HOSTS, "bttop stream", print)
