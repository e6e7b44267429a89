"""Maps that store the owner of something: for example a socket's, for a timer that runs in an unrelated process."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from bttop.script.language.columns import Expression
from bttop.script.language.reader import Script
from bttop.script.language.survey import ScriptSurvey
from bttop.script.process.assignments import Assignments, behind_key
from bttop.script.process.pid_parameter import text_of
from bttop.script.process.regions import Code, regions

Who: TypeAlias = Literal["pid", "comm"]


def noted_maps(script: Script, seen: ScriptSurvey) -> dict[str, Who]:
    """The maps to which a script assigns nothing but `pid`, or nothing but `comm`, of the current process."""
    assigned = Assignments(regions(script))
    values = {name: {text_of(one.expression) for one in assigned.of_map(name)} for name in seen.maps}
    return {
        name: cast("Who", next(iter(found)))
        for name, found in values.items()
        if found in ({"pid"}, {"comm"}) and seen.maps[name].uses <= {"assign", "read", "delete"}
    }


def is_access(part: Expression) -> bool:
    """Whether a part of a key is exactly one map access."""
    return part[0].kind == "map" and len(part) > 1 and behind_key(Code(part), 0) == len(part)
