"""Which files of a script's company root does not read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from bttop.engine.host.included_files import doubt_of_included
from bttop.trust import EVERYBODY, Trust

ME: Final = os.geteuid()
TRUST: Final = Trust(frozenset({0, ME}))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, from which bpftrace looks names up: headers, a script and a folder of scripts."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "x.h": "#define X 1\n",
        "outer.h": '#include "sub/inner.h"\n',
        "sub/inner.h": '#include "last.h"\n',
        "sub/last.h": '#include "last.h"\n',
        "lib.bt": 'import "more/a.bt";\n',
        "more/a.bt": '#include "../x.h"\n',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, mode=0o755)
        path.write_text(text)
        path.chmod(0o644)
    return tmp_path


NAMED: Final = {
    '#include "x.h"': "x.h",
    '#include "outer.h"': "outer.h",
    '#include "outer.h" ': "sub",
    '#include  "outer.h"': "sub/inner.h",
    '#include "outer.h"\n': "sub/last.h",
    'import "lib.bt";': "lib.bt",
    'import "lib.bt"; ': "more/a.bt",
    'import "lib.bt";  ': "x.h",
    'import "more"': "more",
    'import "more" ': "more/a.bt",
}


@pytest.mark.parametrize(("text", "doubtful"), NAMED.items())
def test_whatever_is_read_with_a_script_must_be_trusted(here: Path, text: str, doubtful: str) -> None:
    assert doubt_of_included(text, TRUST) == ""
    place = here / doubtful
    place.chmod(place.stat().st_mode | 0o002)
    said = doubt_of_included(text, TRUST)
    assert said.startswith(
        f"includes a file that is not trusted: {place} may be written by everybody; chmod o-w {place}, or"
    )
    assert doubt_of_included(text, EVERYBODY) == ""
    assert doubt_of_included(text, Trust(TRUST.owners, (here.resolve(),))) == ""


@pytest.mark.parametrize("text", ['#include "new.h"', 'import "new.bt"', '#include "new/x.h"'])
def test_a_file_that_another_user_could_still_make_is_not_trusted(here: Path, text: str) -> None:
    assert doubt_of_included(text, TRUST) == ""
    here.chmod(0o1777)
    assert f"not trusted: {here} may be written by everybody" in doubt_of_included(text, TRUST)


def test_headers_of_the_system_are_not_looked_up_in_the_current_folder(here: Path) -> None:
    here.chmod(0o777)
    assert doubt_of_included("#include <linux/types.h>", TRUST) == ""


def test_what_cannot_be_told_is_no_reason_to_trust(here: Path) -> None:
    assert "a macro names" in doubt_of_included("#include NAME", TRUST)
    (here / "round").symlink_to("round")
    assert "cannot be checked" in doubt_of_included('#include "round"', TRUST)
