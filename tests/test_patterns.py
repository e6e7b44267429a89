"""Regular expressions that are compiled at their first use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bttop
from bttop.patterns import pattern

SOURCES = Path(bttop.__file__).parent


COMPILE_ALL = """
import gc, importlib, re, sys
from bttop.patterns import _Deferred
for name in sys.argv[1:]:
    importlib.import_module(name)
found = [one for one in gc.get_objects() if isinstance(one, _Deferred)]
for one in found:
    re.compile(one._text, one._flags)
print(len(found))
"""


def modules() -> list[str]:
    """All modules except the entry point and the programs that run alone."""
    files = [file for file in sorted(SOURCES.rglob("*.py")) if file.name not in ("__main__.py", "tracer.py")]
    return [".".join(("bttop", *file.relative_to(SOURCES).with_suffix("").parts)) for file in files]


def test_every_expression_of_bttop_can_be_compiled() -> None:
    # In a process of its own: the objects of this one may be hidden from the garbage collector.
    command = [sys.executable, "-c", COMPILE_ALL, *modules()]
    environment = os.environ | {"PYTHONPATH": str(SOURCES.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_a_pattern_is_compiled_at_its_first_use_and_its_methods_are_found_directly_afterwards() -> None:
    digits = pattern(r"\d+")
    assert "match" not in vars(digits)
    assert digits.match("12a") is not None
    assert "match" in vars(digits)
    assert digits.sub("n", "a1b22") == "anbn"
    assert digits.pattern == r"\d+"


def test_flags_and_bytes_are_passed_on() -> None:
    assert pattern("a", re.IGNORECASE).fullmatch("A")
    assert pattern(rb"\d").search(b"x1")


def test_a_wrong_expression_is_an_error_at_its_first_use() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.match("")
