"""What makes the suite quick; nothing here changes what a test sees."""

from __future__ import annotations

import gc
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


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collected tests are some hundred thousand objects that stay. The garbage collector would go through them many
    times during the collection, and in every test that makes many objects."""
    gc.disable()
    yield
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """A command that runs in the process of the test may forget the settings of the framework, and switch off the
    garbage collector for its start: the next test has them again."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("TEXTUAL")}
    yield
    os.environ.update(settings)
    gc.enable()
