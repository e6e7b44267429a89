from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.stacks import StackFrame, names, parse_stack, with_blanks
from tests.model.samples import captured_plan, maps_by_name, records


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("\n    main+12\n    __libc_start+3\n", (StackFrame("main", 12), StackFrame("__libc_start", 3))),
        ("\nmain+12\n0x7f1234\n0\n", (StackFrame("main", 12), StackFrame("0x7f1234", None))),
        ("\n\tffffffff81000000 do_idle+19\n", (StackFrame("do_idle", 19),)),
        ("\n\t55e1f1e38ada qemu_get+10 (/usr/bin/qemu (deleted))\n", (StackFrame("qemu_get", 10),)),
        (
            "\n\t7efd71aa78d0 operator delete(void*)+0 (/usr/lib/libstdc++.so.6)\n",
            (StackFrame("operator delete(void*)", 0),),
        ),
        (
            "\n\t7f3b0871f829 0x7f3b0871f829 ([unknown])\n\t3 0x3 ([unknown])\n",
            (StackFrame("0x7f3b0871f829", None), StackFrame("0x3", None)),
        ),
        ("\n\t401136 main+4 (/tmp/a)\n\t0 0 ([unknown])\n", (StackFrame("main", 4),)),
        (
            "\nffffffff821e396b\nffffffff816f6fe1\n",
            (StackFrame("ffffffff821e396b", None), StackFrame("ffffffff816f6fe1", None)),
        ),
        ("\n    abcdef feed(int)+7\n", (StackFrame("abcdef feed(int)", 7),)),
        ("\n    operator+(A, B)+7\n", (StackFrame("operator+(A, B)", 7),)),
        ("\n    f+0x1f\n", (StackFrame("f", 31),)),
        ("\n    [unknown]\n", (StackFrame("[unknown]", None),)),
        ("\n    a+b\n", (StackFrame("a+b", None),)),
        ("\n", ()),
        ("", ()),
        ("\n0\n", ()),
    ],
)
def test_frames_are_read_innermost_first(text: str, sites: tuple[StackFrame, ...]) -> None:
    assert parse_stack(text) == sites


@pytest.mark.parametrize("release", ["0.17", "0.23", "0.27"])
def test_captured_stacks_read_alike_on_every_release(release: str) -> None:
    found = maps_by_name(records(f"{release}-stacks", captured_plan()))
    kernel = ("perf_syscall_enter", "syscall_trace_enter", "do_syscall_64", "entry_SYSCALL_64_after_hwframe")
    value = found["@kv"].rows[""]
    assert isinstance(value, str)
    assert names(next(iter(found["@ks"].rows))) == names(value) == kernel
    assert names(next(iter(found["@us"].rows))) == ("__libc_pwrite",)


@pytest.mark.parametrize(
    ("glued", "apart"),
    [
        ("ffffffff821e9476copy_mc_enhanced_fast_string+6", "ffffffff821e9476 copy_mc_enhanced_fast_string+6"),
        ("ffffffff815e4bffdo_fault+159", "ffffffff815e4bff do_fault+159"),
        ("ffffffff815eba09__handle_mm_fault+89", "ffffffff815eba09 __handle_mm_fault+89"),
        ("ffffffffc01234560xffffffffc0123456", "ffffffffc0123456 0xffffffffc0123456"),
        (
            "7f41a5a9c9b0_PyTime+0(/root/lib/libpython3.11.so.1.0)",
            "7f41a5a9c9b0 _PyTime+0(/root/lib/libpython3.11.so.1.0)",
        ),
        ("7f866925ad14assemble+6660(/root/.pyenv)", "7f866925ad14 assemble+6660(/root/.pyenv)"),
        ("7f7483aa2b860x7f7483aa2b86([unknown])", "7f7483aa2b86 0x7f7483aa2b86([unknown])"),
        ("30x3([unknown])", "3 0x3([unknown])"),
        ("00([unknown])", "0 0([unknown])"),
        ("401136main+4(/tmp/a)", "401136 main+4(/tmp/a)"),
        ("4011abadd+4(/tmp/a)", "4011ab add+4(/tmp/a)"),
        ("ffffffff81000000 do_idle+19", "ffffffff81000000 do_idle+19"),
    ],
)
def test_the_blank_between_address_and_symbol_is_restored(glued: str, apart: str) -> None:
    assert with_blanks(f"\n\t{glued}\n,dd") == f"\n\t{apart}\n,dd"
    assert names(f"\n\t{apart}\n") == names(with_blanks(f"\n\t{glued}\n"))


@pytest.mark.parametrize("text", ["\nffffffff821e9476copy\n", "ffffffff821e9476copy", "\n    7f41a5a9c9b0x\n", ""])
def test_other_lines_are_not_addresses(text: str) -> None:
    assert with_blanks(text) == text


@given(st.text(), st.text(alphabet="0123456789abcdefx([\n\t ", max_size=40))
def test_only_blanks_are_added(text: str, hexadecimal: str) -> None:
    for one in (text, f"\n\t{hexadecimal}"):
        assert with_blanks(one).replace(" ", "") == one.replace(" ", "")


@given(st.text())
def test_any_text_gives_frames(text: str) -> None:
    assert all(site.name for site in parse_stack(text))
