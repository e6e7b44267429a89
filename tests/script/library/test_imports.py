"""The files that a script imports: found beside the script, read for their macros and probes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.script.language.reader import Script, Unreadable, read
from bttop.script.language.survey import survey
from bttop.script.library.imports import with_imports
from bttop.script.library.probe_files import ProbeFile, load_file
from bttop.script.rewrite.parameters import with_parameters
from bttop.script.rewrite.prepare import Prepared, prepare
from bttop.trust import EVERYBODY, Trust

FILES = {
    "main.bt": 'import "./lib.bt";\nk:f { mark(@x, comm); }\n',
    "lib.bt": 'import "sub/leaf.bt"; macro mark(@m, k) { count_into(@m, k); }\n',
    "sub/leaf.bt": "macro count_into(@m, k) { @m[k] = count(); }\n",
    "sub/b.bt": "macro other() { 1 }\n",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def imported(text: str, folder: Path) -> Script:
    script = read(text)
    assert isinstance(script, Script)
    return with_imports(script, folder, EVERYBODY)


def names(script: Script, folder: Path) -> list[str]:
    return [str(Path(one.path).relative_to(folder)) for one in script.imports]


@pytest.mark.parametrize(
    ("text", "read_files"),
    [
        ('import "lib.bt"; k:f { }', ["lib.bt", "sub/leaf.bt"]),
        ('import "./lib.bt" k:f { }', ["lib.bt", "sub/leaf.bt"]),
        ('import "sub"; k:f { }', ["sub/b.bt", "sub/leaf.bt"]),
        ('import "sub/leaf.bt"; import "lib.bt"; k:f { }', ["sub/leaf.bt", "lib.bt"]),
        ('import "missing.bt"; k:f { }', ["missing.bt"]),
        ('import "stdlib/base"; k:f { }', []),
        ('// import "lib.bt";\nk:f { printf("import"); }', []),
        ('k:f { import "types.h"; }', []),
    ],
)
def test_imports_are_found_in_the_folder_of_the_script(text: str, read_files: list[str], folder: Path) -> None:
    assert names(imported(text, folder), folder) == read_files


def test_an_imported_file_that_imports_itself_is_read_once(folder: Path) -> None:
    (folder / "lib.bt").write_text('import "lib.bt"; macro a() { 1 }')
    assert names(imported('import "lib.bt"; k:f { }', folder), folder) == ["lib.bt"]


def test_a_probe_file_has_its_imports(folder: Path) -> None:
    found = load_file(folder / "main.bt")
    assert isinstance(found, ProbeFile)
    assert isinstance(found.script, Script)
    use = survey(found.script).maps["@x"]
    assert (use.aggregation, use.pure, [column.title for column in use.keys.columns]) == ("count", True, ["comm"])
    assert prepare(found.script).plan.maps["@x"].scheme == "bank"


def test_front_matter_may_describe_a_map_that_an_imported_macro_fills(folder: Path) -> None:
    front = '// /// bttop\n// [map.x]\n// columns = ["who"]\n// ///\n'
    (folder / "main.bt").write_text(front + FILES["main.bt"])
    assert isinstance(load_file(folder / "main.bt"), ProbeFile)


@pytest.mark.parametrize("spoil", ["missing", "unreadable", "untrusted"])
def test_a_map_that_an_unread_file_may_fill_is_shown_with_a_badge(folder: Path, spoil: str) -> None:
    path = folder / "lib.bt"
    match spoil:
        case "missing":
            path.unlink()
        case "unreadable":
            path.write_text("{")
        case _:
            path.chmod(0o646)
    found = load_file(folder / "main.bt", Trust(frozenset({0, (folder / "main.bt").stat().st_uid})))
    assert isinstance(found, ProbeFile)
    assert isinstance(found.script, Script)
    assert isinstance(found.script.imports[0].script, Unreadable)
    one = prepare(found.script)
    assert one.plan.maps["@x"].scheme == "gauge"
    assert [badge.code for badge in one.badges] == ["unseen"]


def with_probes(folder: Path, probes: str) -> Prepared:
    (folder / "lib.bt").write_text(probes)
    return prepare(imported('import "lib.bt"; k:f { @x = count(); }', folder))


def test_maps_that_imported_probes_fill_are_shown_whole_with_a_badge(folder: Path) -> None:
    one = with_probes(folder, "k:g { @y[pid] = count(); @x = count(); }")
    assert {name: plan.scheme for name, plan in one.plan.maps.items()} == {"@x": "cumulative", "@y": "cumulative"}
    assert [badge.code for badge in one.badges] == ["imported"]
    assert "k:g" in one.badges[0].explanation


def test_a_script_whose_import_prints_while_it_runs_is_not_edited(folder: Path) -> None:
    one = with_probes(folder, "interval:s:1 { print(@x); }")
    assert not one.is_edited
    assert {badge.code for badge in one.badges} == {"as-is", "imported"}
    assert with_probes(folder, 'begin { printf("hi"); } end { print(@x); }').is_edited


def test_a_script_with_parameters_in_its_attach_points_keeps_its_imports(folder: Path) -> None:
    filled = with_parameters(imported('import "lib.bt"; interval:s:$1 { mark(@x, 1); }', folder), ("5",))
    assert isinstance(filled, Script)
    assert names(filled, folder) == ["lib.bt", "sub/leaf.bt"]
    assert survey(filled).maps["@x"].aggregation == "count"
