"""The parameters of a script that its user sets to process ids."""

from __future__ import annotations

from bttop.script.language.reader import Script
from bttop.script.process.pid_parameter import PidParameter
from bttop.script.process.regions import regions


def pid_parameters(script: Script) -> tuple[PidParameter, ...]:
    """The parameters that a script compares with process ids, in the order of their numbers."""
    found = regions(script)
    variables = (one for region in found for one in region.code.tokens if one.kind == "variable")
    if not any(one.text[1:].isdecimal() for one in variables):
        return ()
    from bttop.script.process.id_comparisons import find_parameters  # few scripts have parameters

    return find_parameters(found)
