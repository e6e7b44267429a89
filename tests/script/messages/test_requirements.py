from __future__ import annotations

import pytest

from bttop.model.record.release import Release
from bttop.model.record.releases import LANGUAGE
from bttop.paths import shipped
from bttop.script.language.reader import Script, read
from bttop.script.messages.diagnostics import Diagnostic
from bttop.script.messages.requirements import Requirement, lacking, with_requirements

POINT = "tracepoint:syscalls:sys_enter_read"
OLD, MIDDLE, NEW = Release(0, 17), Release(0, 23, 2), Release(0, 27)
USES = {
    "rawtracepoint": "rawtracepoint:sched_switch { @ = count(); }",
    "args.": f"{POINT} {{ @[args.fd] = count(); }}",
    "config": f"config = {{ max_map_keys = 9 }} {POINT} {{ @ = count(); }}",
    "for": f"{POINT} {{ for ($kv : @a) {{ print($kv); }} @a[comm] = count(); }}",
    "let": f"{POINT} {{ let $x = 5; @[$x] = count(); }}",
    "self": "self:signal:SIGUSR1 { print(@a); }",
    "..": f"{POINT} {{ for ($i : 0..5) {{ @[$i] = count(); }} }}",
    "let @": f"let @a = lruhash(100); {POINT} {{ @a[comm] = count(); }}",
    "macro": f"macro one(x) {{ x }} {POINT} {{ @[one(1)] = count(); }}",
    "1s": f"{POINT} {{ @ = hist(nsecs / 1ms); }}",
    "import": f'import "stdlib/a.bt"; {POINT} {{ @ = count(); }}',
}


def script(text: str) -> Script:
    found = read(text)
    assert isinstance(found, Script)
    return found


def test_every_construct_is_found_where_it_is_used() -> None:
    assert USES.keys() == LANGUAGE.keys()


@pytest.mark.parametrize("name", USES)
def test_a_construct_is_lacking_in_the_releases_before_it_and_in_no_other(name: str) -> None:
    trait, used = LANGUAGE[name], script(USES[name])
    assert trait.since is not None
    before = Release(0, trait.since[1] - 1, 9)
    assert trait.text in [one.what for one in lacking(used, before)]
    assert trait.text not in [one.what for one in lacking(used, Release(*trait.since))]
    assert lacking(used, NEW) == ()


@pytest.mark.parametrize(
    ("text", "release", "expected"),
    [
        (f"{POINT} {{ @[pcomm] = count(); }}", MIDDLE, [("`pcomm`", "bpftrace 0.25 or newer", 40)]),
        (f"{POINT} {{ @ = tseries(1, 5, 5); }}", MIDDLE, [("`tseries()`", "bpftrace 0.24 or newer", 42)]),
        (f"{POINT} /has_key(@a, 1)/ {{ @ = count(); }}", OLD, [("`has_key()`", "bpftrace 0.22 or newer", 37)]),
        (f"{POINT} {{ @[sarg0] = count(); }}", NEW, [("`sarg0`", "bpftrace older than 0.25", 40)]),
        (f"{POINT} {{ @[args->pcomm, $pcomm, @pcomm] = count(); }}", OLD, []),
        (f"{POINT} {{ @[comm, pid] = count(); }} // pcomm", OLD, []),
        (f'{POINT} {{ printf("pcomm let 1s\\n"); }}', OLD, []),
        (f"macro strlen(x) {{ x }} {POINT} {{ @[strlen(1)] = count(); }}", Release(0, 24), []),
    ],
)
def test_words_are_lacking_where_they_are_code(
    text: str, release: Release, expected: list[tuple[str, str, int]]
) -> None:
    assert lacking(script(text), release) == tuple(Requirement(what, has, 1, at) for what, has, at in expected)


def test_it_is_said_once_and_instead_of_bpftraces_errors_about_the_same_line_or_no_place() -> None:
    used = script(f"{POINT} {{\n  let $x = 1;\n  let $y = 2;\n  @[cmm] = count(); }}")
    errors = [
        Diagnostic("FATAL", "lost my mind"),
        Diagnostic("ERROR", "syntax error, unexpected variable", "stdin", 2, 7, 9),
        Diagnostic("ERROR", "Unknown identifier: 'cmm'", "stdin", 4, 5, 8),
        Diagnostic("ERROR", "'x.h' file not found", "definitions.h", 2, 10),
    ]
    said = "variable declarations with `let`: only in bpftrace 0.22 or newer; this is 0.17.0"
    assert with_requirements(errors, used, OLD) == [Diagnostic("ERROR", said, "", 2, 3), *errors[2:]]
    assert with_requirements(errors, used, NEW) == errors


def test_the_newest_release_has_everything_that_the_stock_probes_use() -> None:
    for path in sorted(shipped("probes").glob("*.bt")):
        assert lacking(script(path.read_text()), MIDDLE) == (), path.name
