"""One part of a key is the one that the whole split has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bttop.model.grouping.key_parts import part_reader, stack_reader
from bttop.model.plan import Column
from bttop.model.record.keys import split_key

KINDS = st.sampled_from(["int", "text", "any", "stack"])
COLUMNS = st.lists(
    st.builds(
        lambda kind, decoder: Column("c", kind, "" if kind == "stack" else decoder),
        KINDS,
        st.sampled_from(["", "", "address"]),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
FRAMES = st.lists(st.text(st.sampled_from("ab,+1 "), min_size=1, max_size=5), max_size=3)
TEXTS = {
    "int": st.integers(0, 2**64).map(str),
    "text": st.text(st.sampled_from("ab, "), max_size=4),
    "any": st.text(st.sampled_from("ab1[]"), max_size=4),
    "stack": FRAMES.map(lambda frames: "\n" + "".join(f"    x{frame}\n" for frame in frames)),
}


@given(st.data(), COLUMNS)
def test_a_part_is_that_of_the_whole_split(data: st.DataObject, columns: tuple[Column, ...]) -> None:
    key = ",".join(data.draw(TEXTS[column.kind]) for column in columns)
    parts = split_key(key, columns).parts
    for index, column in enumerate(columns):
        if column.kind == "stack":
            text = stack_reader(columns, index)(key)
            assert text.partition("\n,")[0].rstrip("\n") == str(parts[index]).partition("\n,")[0].rstrip("\n")
        else:
            assert part_reader(columns, index)(key) == str(parts[index])


@given(st.text(st.sampled_from("a1,\n[] "), max_size=12), COLUMNS)
def test_any_text_has_every_part(key: str, columns: tuple[Column, ...]) -> None:
    for index, column in enumerate(columns):
        if column.kind == "stack":
            assert isinstance(stack_reader(columns, index)(key), str)
        else:
            assert isinstance(part_reader(columns, index)(key), str)
