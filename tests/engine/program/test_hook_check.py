"""Scripts of which this kernel has only some of the probes: bpftrace 0.24 and newer run what is left of them."""

from __future__ import annotations

import pytest

from bttop.engine.program.status import ProgramState
from tests.engine.stage import NEW, OLD, Stage, change, complaint, source, state

TWO = "kprobe:gone { @a[pid] = count(); } tracepoint:a:b { @b[pid] = count(); @c = sum(arg0); }"


def undefined(*names: str) -> str:
    return "\n".join(f"stdin:3:1-9: ERROR: Undefined map: {name}" for name in names)


def test_a_map_that_no_probe_fills_here_is_left_out_and_said() -> None:
    stage = Stage(source(TWO), release=NEW).start()
    stage.refuse(stage.last, undefined("@__bt_a0", "@__bt_a1"))
    again = stage.last.candidate
    assert again.edited
    assert set(again.prepared.plan.maps) == {"@b", "@c"}
    stage.beat(stage.last)
    assert state(stage) is ProgramState.LIVE
    assert complaint(stage) == ""
    (badge,) = stage.program.status.badges
    assert badge.text == "maps left out"
    assert badge.why.startswith("@a:")


def test_maps_that_are_found_missing_one_after_the_other_are_all_left_out() -> None:
    stage = Stage(source(TWO), release=NEW).start()
    stage.refuse(stage.last, undefined("@__bt_a0"))
    stage.refuse(stage.last, undefined("@c"))
    assert set(stage.last.candidate.prepared.plan.maps) == {"@b"}


@pytest.mark.parametrize("name", ["@__bt_a0", "@state", "@__bt_kids"])
def test_what_does_not_help_is_not_tried_for_ever(name: str) -> None:
    stage = Stage(source(TWO), release=NEW).start()
    while stage.last.candidate.edited and len(stage.launched) < 9:
        stage.refuse(stage.last, undefined(name))
    assert not stage.last.candidate.edited
    assert len(stage.launched) <= 4


def test_another_complaint_leaves_nothing_out() -> None:
    stage = Stage(source(TWO), release=OLD).start()
    stage.refuse(stage.last)
    assert not stage.last.candidate.edited


def test_a_next_generation_leaves_maps_out_as_well() -> None:
    stage = Stage(source("tracepoint:a:b { @b[pid] = count(); }"), release=NEW)
    stage.go_live()
    stage.program.reload((source(TWO),), stage.now)
    stage.refuse(stage.last, undefined("@__bt_a0"))
    assert set(stage.last.candidate.prepared.plan.maps) == {"@b", "@c"}
    stage.beat(stage.last)
    assert stage.living == [stage.last.number]


def test_under_other_settings_they_stay_left_out() -> None:
    stage = Stage(source(TWO), release=NEW).start()
    stage.refuse(stage.last, undefined("@__bt_a0"))
    stage.beat(stage.last)
    change(stage)
    assert set(stage.last.candidate.prepared.plan.maps) == {"@b", "@c"}
