"""What makes the suite quick; nothing here changes what a test sees."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# An example may take long on a busy machine.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

# Where the environment forbids compiled modules, each worker compiles all tests anew, and each bttop that a test starts
# compiles bttop.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


_WAITING = frozenset(
    {"test_stopped", "test_ways_out", "test_cli", "test_trust_cli", "test_time_control", "test_record_losses"}
)
"""Modules without the real bpftrace whose tests wait."""


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collected tests are some hundred thousand objects that stay. The garbage collector would go through them many
    times during the collection, and in every test that makes many objects."""
    gc.disable()
    yield
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mix the modules whose tests wait, for intervals of a bpftrace or for processes, with those that compute: workers
    that wait leave their CPU to the others. On two CPUs six workers take 9 min 16 s, and in the order of the folders
    four took 14 min 8 s. A module stays whole, so that its fixtures are made once."""
    modules = [list(tests) for _, tests in itertools.groupby(items, key=lambda one: one.nodeid.partition("::")[0])]
    waiting = [tests for tests in modules if _waits(tests[0])]
    others = [tests for tests in modules if not _waits(tests[0])]
    places = [*_spread(waiting), *_spread(others)]
    items[:] = [item for _, tests in sorted(places, key=lambda pair: pair[0]) for item in tests]


def _waits(item: pytest.Item) -> bool:
    """Whether the tests of a module mostly wait."""
    return item.get_closest_marker("real") is not None or item.path.stem in _WAITING


def _spread(modules: list[list[pytest.Item]]) -> list[tuple[float, list[pytest.Item]]]:
    """Modules with their places on the way from 0 to 1, which are as far apart as their tests are many."""
    whole = sum(map(len, modules))
    ends = itertools.accumulate(map(len, modules))
    return [((end - len(tests) / 2) / whole, tests) for end, tests in zip(ends, modules, strict=True)]


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """A command that runs in the process of the test may forget the settings of the framework, and switch off the
    garbage collector for its start: the next test has them again."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("TEXTUAL")}
    yield
    os.environ.update(settings)
    gc.enable()
