from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import Column
from bttop.model.record import keys
from bttop.model.record.keys import can_be_ambiguous, key_order, split_key
from tests.model.samples import NUMBER, STACK, TEXT, UNKNOWN, captured_plan, maps_by_name, records

ADDRESS = Column("daddr", "text", "address")
KSTACK = "\n    perf_syscall_enter+475\n    do_syscall_64+506\n"
TEMPLATE = "\n    void f<int, char>(int, char)+7\n    main+1\n"


@pytest.mark.parametrize(
    ("key", "columns", "parts"),
    [
        ("", (), ("",)),
        ("7", (), ("7",)),
        ("a,b", (TEXT,), ("a,b",)),
        ("7", (NUMBER,), (7,)),
        ("7", (UNKNOWN,), (7,)),
        ("7", (TEXT,), ("7",)),
        ("-1", (NUMBER,), (-1,)),
        ("0x1f", (NUMBER,), ("0x1f",)),
        ("007", (UNKNOWN,), ("007",)),
        ("-0", (NUMBER,), ("-0",)),
        ("9" * 5000, (NUMBER,), ("9" * 5000,)),
        ("dd,5", (TEXT, NUMBER), ("dd", 5)),
        ("a,b,5", (TEXT, NUMBER), ("a,b", 5)),
        ("5,a,b", (NUMBER, TEXT), (5, "a,b")),
        ("5,a,b,6", (NUMBER, TEXT, NUMBER), (5, "a,b", 6)),
        ("5,a,b", (UNKNOWN, TEXT), (5, "a,b")),
        ("a,b,5,c", (TEXT, NUMBER, TEXT), ("a,b", 5, "c")),
        (f"a,b,{KSTACK}", (TEXT, STACK), ("a,b", KSTACK)),
        (f"{KSTACK},a,b", (STACK, TEXT), (KSTACK, "a,b")),
        (f"{TEMPLATE},a,b", (STACK, TEXT), (TEMPLATE, "a,b")),
        (f"a,{TEMPLATE},5", (TEXT, STACK, NUMBER), ("a", TEMPLATE, 5)),
        (f"{KSTACK},{TEMPLATE}", (STACK, STACK), (KSTACK, TEMPLATE)),
        (f"\n,{TEMPLATE}", (STACK, STACK), ("\n", TEMPLATE)),
        ("nl\nz,5", (TEXT, NUMBER), ("nl\nz", 5)),
        (",5", (TEXT, NUMBER), ("", 5)),
        ("[127,0,0,1],[0,0,0,0]", (ADDRESS, ADDRESS), ("[127,0,0,1]", "[0,0,0,0]")),
        ("10.0.0.1,10.0.0.2", (ADDRESS, ADDRESS), ("10.0.0.1", "10.0.0.2")),
        ("7,a,b,[127,0,0,1],80", (NUMBER, TEXT, ADDRESS, NUMBER), (7, "a,b", "[127,0,0,1]", 80)),
        (f"[127,0,0,1],{KSTACK}", (ADDRESS, STACK), ("[127,0,0,1]", KSTACK)),
        ("[a,10.0.0.1", (TEXT, ADDRESS), ("[a", "10.0.0.1")),
    ],
)
def test_a_key_with_one_reading_is_split(key: str, columns: tuple[Column, ...], parts: tuple[int | str, ...]) -> None:
    assert split_key(key, columns) == (parts, False)


@pytest.mark.parametrize(
    ("key", "columns", "parts"),
    [
        ("a,b,c", (TEXT, TEXT), ("a", "b,c")),
        ("a,1,2,b", (TEXT, NUMBER, TEXT), ("a", 1, "2,b")),
        ("a,b,c", (UNKNOWN, UNKNOWN), ("a", "b,c")),
        ("a", (TEXT, NUMBER), ("a", "")),
        ("1,2,3", (NUMBER, NUMBER), (1, "2,3")),
        ("a,b,c", (TEXT, NUMBER), ("a,b", "c")),
        ("a,b,c,d", (TEXT, NUMBER, TEXT), ("a", "b", "c,d")),
    ],
)
def test_a_key_with_several_readings_or_none_says_so(
    key: str, columns: tuple[Column, ...], parts: tuple[int | str, ...]
) -> None:
    assert split_key(key, columns) == (parts, True)


@pytest.mark.parametrize("release", ["0.17", "0.23", "0.27"])
def test_captured_stack_keys_split_between_stack_and_name(release: str) -> None:
    plan = captured_plan()
    found = maps_by_name(records(f"{release}-stacks", plan))
    names = {"WebContent" if release == "0.27" else "Web Content", "a,b"}
    user = [split_key(key, plan.maps["@cu"].columns) for key in found["@cu"].rows]
    kernel = [split_key(key, plan.maps["@kc"].columns) for key in found["@kc"].rows]
    assert {split.parts[0] for split in user} == {split.parts[1] for split in kernel} == names
    assert not any(split.ambiguous for split in user + kernel)


INTEGERS = st.integers(-(1 << 63), (1 << 64) - 1)
PLAIN = st.text(st.characters(exclude_characters=",\n"))
ANY_COLUMNS = st.lists(st.sampled_from([TEXT, NUMBER, STACK, UNKNOWN]), max_size=6).map(tuple)


@given(INTEGERS, st.text(st.characters(exclude_characters="\n")), INTEGERS)
def test_text_between_numbers_survives_the_round_trip(pid: int, comm: str, cpu: int) -> None:
    assert split_key(f"{pid},{comm},{cpu}", (NUMBER, TEXT, NUMBER)) == ((pid, comm, cpu), False)


@given(st.lists(PLAIN, min_size=2, max_size=6))
def test_text_without_commas_survives_the_round_trip(parts: list[str]) -> None:
    assert split_key(",".join(parts), (TEXT,) * len(parts)) == (tuple(parts), False)


@given(st.lists(st.text(st.characters(exclude_characters="\n"), min_size=1)), st.text())
def test_a_stack_before_text_survives_the_round_trip(frames: list[str], comm: str) -> None:
    # A frame begins with its indentation, never with the comma that separates parts.
    stack = "\n" + "".join(f"    {frame}\n" for frame in frames)
    assert split_key(f"{stack},{comm}", (STACK, TEXT)).parts == (stack, comm)


@given(st.text(), ANY_COLUMNS)
def test_any_key_gives_one_part_per_column(key: str, columns: tuple[Column, ...]) -> None:
    assert len(split_key(key, columns).parts) == max(1, len(columns))


@given(st.text(st.sampled_from("a1,\n")), ANY_COLUMNS)
def test_parts_joined_again_are_the_key(key: str, columns: tuple[Column, ...]) -> None:
    split = split_key(key, columns)
    if not split.ambiguous:
        assert ",".join(map(str, split.parts)) == key


@given(st.text(st.sampled_from("a1,")), ANY_COLUMNS)
def test_only_columns_that_can_be_ambiguous_have_several_readings(key: str, columns: tuple[Column, ...]) -> None:
    tokens = key.count(",") + 1
    fits_somehow = tokens >= len(columns) and not any(column.kind in {"int", "stack"} for column in columns)
    if fits_somehow and not can_be_ambiguous(columns):
        assert not split_key(key, columns).ambiguous


def test_integer_keys_are_ordered_as_numbers_and_before_text() -> None:
    keys = ["100", "20", "-3", "-10", "18446744073709551615", "9223372036854775808", "x", "9", "a", "07"]
    ordered = ["-10", "-3", "9", "20", "100", "9223372036854775808", "18446744073709551615", "07", "a", "x"]
    assert sorted(keys, key=key_order) == ordered
    pairs = ["b,10", "b,9", "a,100", "10,b", "9,z", "9"]
    assert sorted(pairs, key=key_order) == ["9", "9,z", "10,b", "a,100", "b,9", "b,10"]


@given(st.lists(st.one_of(st.integers().map(str), st.text())))
def test_all_keys_have_an_order(keys: list[str]) -> None:
    assert sorted(sorted(keys, key=key_order, reverse=True), key=key_order) == sorted(keys, key=key_order)


@given(
    st.lists(
        st.sampled_from(["7", "java", "a,b", ",", "", "\n", "\n\tf+1\n", "\n\tf(a, b)+1\n\tmain\n", "\n,"]), max_size=6
    ),
    st.lists(st.sampled_from([TEXT, NUMBER]), max_size=3),
    st.integers(1, 2),
)
def test_a_key_that_ends_in_stacks_is_read_as_token_by_token(
    parts: list[str], others: list[Column], stacks: int
) -> None:
    columns = (*others, *[STACK] * stacks)
    key = ",".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        usual = keys._tokens(key, columns)
        patch.setattr(keys, "_stacks_at_the_end", lambda _: 0)
        assert usual == keys._tokens(key, columns)
