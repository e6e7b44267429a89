"""The shape of the source: sizes of folders and modules, no circles of imports, one meaning for each public name."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "bttop"
MOST_MODULES = 17
"""In one folder, its `__init__` included."""
MOST_LINES = 400
ONE_FILE = {"tracer"}
"""Sent to other hosts as one file."""


@cache
def trees() -> Mapping[str, ast.Module]:
    """The syntax tree of each module by its name; a package has the name of its folder."""
    paths = {
        path: ".".join(["bttop", *path.relative_to(SOURCE).with_suffix("").parts]) for path in SOURCE.rglob("*.py")
    }
    return {name.removesuffix(".__init__"): ast.parse(path.read_text()) for path, name in paths.items()}


def imports(name: str) -> Iterator[str]:
    """bttop's modules that a module imports anywhere, also in functions and for types only."""
    for node in ast.walk(trees()[name]):
        if isinstance(node, ast.ImportFrom) and (package := node.module) in trees():
            inner = (f"{package}.{alias.name}" for alias in node.names)
            yield from (one if one in trees() else str(package) for one in inner)


def test_folders_and_modules_are_small() -> None:
    folders = Counter(path.parent.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
    assert {folder: number for folder, number in folders.items() if number > MOST_MODULES} == {}
    lines = {path: len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py") if path.stem not in ONE_FILE}
    assert {path: number for path, number in lines.items() if number > MOST_LINES} == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name: {one for one in imports(name) if one != name} for name in trees()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from error


def test_no_two_public_classes_have_one_name() -> None:
    modules = defaultdict(list)
    for name, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].append(name)
    assert {name: found for name, found in modules.items() if len(found) > 1} == {}
