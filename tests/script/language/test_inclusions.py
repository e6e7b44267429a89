"""Which files a script names, whatever clang accepts as a way to name them."""

from __future__ import annotations

import pytest

from bttop.script.language.inclusions import Inclusion, inclusions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('#include "x.h"', [Inclusion("quoted", "x.h")]),
        ("#include <linux/sched.h>", [Inclusion("angled", "linux/sched.h")]),
        ('  #  include\t"a b.h"  // why', [Inclusion("quoted", "a b.h")]),
        ('#inc\\\nlude "x.h"', [Inclusion("quoted", "x.h")]),
        ('#/* so */include "x.h"', [Inclusion("quoted", "x.h")]),
        ('struct x { int a;\n#include "x.h"\n};', [Inclusion("quoted", "x.h")]),
        ('#import "x.h"', [Inclusion("quoted", "x.h")]),
        ('#include_next "x.h"', [Inclusion("quoted", "x.h")]),
        ("#define X <x.h>\n#include X", [Inclusion("unknown", "")]),
        ('import "lib.bt"; BEGIN {}', [Inclusion("import", "lib.bt")]),
        ('import "a"\nimport\n  "b"', [Inclusion("import", "a"), Inclusion("import", "b")]),
        ("// no #include is needed", []),
        ('BEGIN { @important["x"] = count(); printf("import \\"x\\""); }', []),
        ("#define N 3\nprofile:hz:99 { @ = count(); }", []),
    ],
)
def test_inclusions_are_found(text: str, found: list[Inclusion]) -> None:
    assert list(inclusions(text)) == found
