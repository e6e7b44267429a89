"""Printed stacks as lists of functions."""

from __future__ import annotations

import pytest

from bttop.model.flush.function_lists import function_list


def stack(*frames: str, indent: str = "    ") -> str:
    return "\n" + "".join(f"{indent}{frame}\n" for frame in frames)


@pytest.mark.parametrize(
    ("frame", "function"),
    [
        ("read+12", "read"),
        ("read+0x1c", "read"),
        ("read", "read"),
        ("operator++7", "operator+"),
        ("operator+", "operator+"),
        ("0x401000", "0x401000"),
        ("read+٣", "read+٣"),
        ("map<int, char>::at(int) const+4", "map<int, char>::at(int) const"),
        ("_ZN3foo3barEv+4", "foo::bar()"),
    ],
)
def test_a_frame_loses_its_offset(frame: str, function: str) -> None:
    assert function_list(stack(frame)) == stack(function)


@pytest.mark.parametrize(
    ("frame", "function"),
    [("401136 work+4 (/usr/bin/app)", "work"), ("work+4", "work"), ("work+5", "work")],
)
def test_a_frame_of_the_perf_mode_is_its_name(frame: str, function: str) -> None:
    assert function_list(stack(frame, indent="\t")) == stack(function, indent="")


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", "\n\t\n", "x", "\n    " + "f" * 5000 + "\n"])
def test_a_stack_without_a_frame_or_an_offset_is_unchanged(text: str) -> None:
    assert function_list(text) == text


@pytest.mark.parametrize("indent", ["", "    ", "\t"])
@pytest.mark.parametrize("length", [1, 30, 399, 400, 401, 900])
def test_every_frame_of_a_deep_stack_is_there(indent: str, length: int) -> None:
    names = [f"{'f' * length}{number}" for number in range(40)]
    found = function_list(stack(*[f"{name}+{at}" for at, name in enumerate(names)], indent=indent))
    assert found == stack(*names, indent="" if indent == "\t" else indent)
