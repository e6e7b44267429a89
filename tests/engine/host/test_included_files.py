"""Which files of a script's company root does not read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from bttop.engine.host.included_files import GivenFiles, doubt_of_included
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
        f"includes a file that is not trusted: {place} may be written by everybody; chmod o-w {place} # or"
    )
    assert doubt_of_included(text, EVERYBODY) == ""
    assert doubt_of_included(text, Trust(TRUST.owners, (here.resolve(),))) == ""


def test_imports_are_looked_for_beside_the_script_also_those_of_an_imported_file(here: Path) -> None:
    folder = here / "more"
    (folder / "b.bt").write_text('import "c.bt";')
    (folder / "c.bt").write_text("macro c() { 1 }")
    (here / "c.bt").write_text("macro c() { 2 }")
    for name in ("b.bt", "c.bt"):
        path = folder / name
        path.chmod(0o646)
        assert f"not trusted: {path} " in doubt_of_included('import "b.bt";', TRUST, folder=folder)
        path.chmod(0o644)
    (here / "c.bt").chmod(0o646)
    assert doubt_of_included('import "b.bt";', TRUST, folder=folder) == ""
    folder.chmod(0o777)
    assert f"not trusted: {folder} " in doubt_of_included('import "b.bt";', TRUST, folder=folder)


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


GIVEN: Final = {
    "a header": (GivenFiles(headers=("{here}/outer.h",)), "sub/last.h"),
    "a header in a given folder": (GivenFiles((Path("{here}/sub"),), ("inner.h",)), "sub/last.h"),
    "a given folder that the script uses": (GivenFiles((Path("{here}/sub"),)), "sub"),
    "the kernel's sources": (GivenFiles(others=(Path("{here}/sub"),)), "sub"),
}


@pytest.mark.parametrize(("given", "doubtful"), GIVEN.values(), ids=GIVEN)
def test_what_a_command_line_names_must_be_trusted(here: Path, given: GivenFiles, doubtful: str) -> None:
    def at(path: Path | str) -> str:
        return str(path).replace("{here}", str(here))

    files = GivenFiles(
        tuple(Path(at(one)) for one in given.folders),
        tuple(at(one) for one in given.headers),
        tuple(Path(at(one)) for one in given.others),
    )
    assert doubt_of_included("BEGIN { }", TRUST, files) == ""
    place = here / doubtful
    place.chmod(place.stat().st_mode | 0o002)
    assert f"not trusted: {place} may be written by everybody" in doubt_of_included("BEGIN { }", TRUST, files)


def test_a_header_of_a_given_folder_is_looked_up_for_the_script(here: Path) -> None:
    (here / "sub" / "last.h").chmod(0o646)
    assert doubt_of_included("#include <last.h>", TRUST) == ""
    assert "not trusted" in doubt_of_included("#include <last.h>", TRUST, GivenFiles((here / "sub",)))
