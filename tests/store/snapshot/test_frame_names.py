from __future__ import annotations

import json

import pytest

from bttop.model.record.records import Stamp
from bttop.store.snapshot.frame_names import RecordedFrameNames, frame_facts
from bttop.store.snapshot.recording_events import ProcessSeen


def names(*facts: object) -> RecordedFrameNames:
    return RecordedFrameNames(ProcessSeen(7, Stamp(0, 0), json.loads(json.dumps(one))) for one in facts)


def test_names_come_back_and_later_ones_replace_earlier_ones() -> None:
    found = names(frame_facts({0x401000: "old [app]", 16: "main [app]"}), frame_facts({0x401000: "work [app]"}))
    assert [found.name(7, 0x401000), found.name(7, 16), found.name(7, 17), found.name(8, 16)] == [
        "work [app]",
        "main [app]",
        "",
        "",
    ]


@pytest.mark.parametrize(
    "facts",
    [{"comm": "java"}, {"frames": 5}, {"frames": {"x": "a"}}, {"frames": {"": "a"}}, {"frames": {"+1": "a"}},
     {"frames": {"1": 5}}, {"frames": {"1": "a" * 5000}}, {"frames": {"1" * 40: "a"}}],
)  # fmt: skip
def test_other_facts_are_no_names(facts: object) -> None:
    assert names(facts).name(7, 1) == ""
