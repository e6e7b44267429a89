"""The engines of several hosts as one run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from bttop.engine.engine import Engine
from bttop.engine.hosts.engines import Engines


def engine(host: str, *problems: str) -> Engine:
    return cast(Engine, SimpleNamespace(host=SimpleNamespace(name=host), problems=problems))


def test_a_stop_of_this_machine_is_told_once_and_one_of_a_host_with_its_name() -> None:
    stop = "bttop did not run for 6s, from 12:00:00 to 12:00:06"
    engines = Engines(
        [engine("web1", stop), engine("web2", stop, "bttop's tracer did not run for 5s, from 12:00:10 to 12:00:15")]
    )
    assert engines.problems == [stop, "web2: bttop's tracer did not run for 5s, from 12:00:10 to 12:00:15"]
