"""Names of C++ and Rust as they are in the source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.by_function import function_key
from bttop.model.plan import Column, MapPlan
from bttop.model.record.demangle import demangled, without_parameters
from bttop.model.record.stacks import names, parse_stack


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "_ZN4shop4CartIiE3addERKSt6vectorIiSaIiEE",
            "shop::Cart<int>::add(std::vector<int, std::allocator<int> > const&)",
        ),
        ("_ZN3foo3barEv.cold [libshop.so]", "foo::bar() (.cold) [libshop.so]"),
        ("_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE", "core::fmt::Formatter::write_str"),
        ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
        ("_Read [a.out]", "_Read [a.out]"),
        ("main", "main"),
        ("_Z1f" + "P" * 2000 + "i", "_Z1f" + "P" * 2000 + "i"),
    ],
)
def test_mangled_names_are_read(name: str, source: str) -> None:
    assert demangled(name) == source


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["_Z", "_ZN", "_ZNSt", "_R", "_RNv"]))
def test_no_name_is_lost_or_without_bounds(text: str, prefix: str) -> None:
    found = demangled(prefix + text)
    assert found
    assert len(found) <= max(len(prefix + text), 768) + len(text)


@pytest.mark.parametrize("name", ["_ZN3foo3barEi", "_ZN3foo3barEi+16"])
def test_what_bpftrace_did_not_demangle_is_read_in_lists_trees_and_exports(name: str) -> None:
    stack = f"\n    {name}\n    main+9\n"
    assert names(stack) == ("foo::bar(int)", "main")
    assert parse_stack(stack)[0].name == "foo::bar(int)"
    plan = MapPlan("@", "count", (Column("ustack", "stack"),))
    assert function_key(stack, plan) == "\n    foo::bar(int)\n    main\n"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("shop::add(std::vector<int, std::allocator<int> > const&, long) const", "shop::add(…) const"),
        ("f(void (*)(int), int) (.part.0)", "f(…) (.part.0)"),
        ("operator()(int)", "operator()(…)"),
        ("std::function<void ()>::operator()() const", "std::function<void ()>::operator()() const"),
        ("main.(*T).Method", "main.(*T).Method"),
        ("do_work(", "do_work("),
        ("x)", "x)"),
    ],
)
def test_a_line_of_frames_leaves_out_the_types_of_parameters(name: str, short: str) -> None:
    assert without_parameters(name) == short
