"""The environment of a bpftrace process."""

from __future__ import annotations

from bttop.engine.tracer.launch import small_heap


def test_the_heap_is_kept_small_unless_the_user_has_set_it() -> None:
    usual = small_heap({})
    assert usual["MALLOC_ARENA_MAX"] == "1"
    assert all(name.startswith("MALLOC_") for name in usual)
    assert small_heap({"MALLOC_TOP_PAD_": "4096", "HOME": "/"}) == {**usual, "MALLOC_TOP_PAD_": "4096"}
