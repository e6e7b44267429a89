"""Probe files that are none: each is said in its own pane or notice, and the others run."""

from __future__ import annotations

from pathlib import Path

from tests.ui.dashboard import probe
from tests.ui.session.kit import rows_of, session

OPEN_BRACE = "profile:hz:99 { @calls[pid, comm] = count();"
UNEXPECTED_END = "stdin:2:44-45: ERROR: syntax error, unexpected end of file, expecting }\n"


def test_each_bad_file_is_said_in_its_own_pane_and_the_others_run(tmp_path: Path) -> None:
    (tmp_path / "binary.bt").write_bytes(b"\x7fELF\x00\x01\xff" * 40)
    (tmp_path / "huge.bt").write_bytes(b"// x\n" * 2_000_000)
    (tmp_path / "dangling.bt").symlink_to(tmp_path / "nowhere.bt")
    (tmp_path / "calls.bt").write_text(rows_of(java=9))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "calls.bt").write_text(rows_of(perl=7))
    bad = [str(tmp_path / f"{name}.bt") for name in ("binary", "huge", "dangling")]
    braces = probe(OPEN_BRACE, [["refuse", UNEXPECTED_END, 1]])
    (tmp_path / "braces.bt").write_text(braces)
    files = [str(tmp_path / "calls.bt"), str(tmp_path / "a" / "calls.bt"), str(tmp_path / "braces.bt"), *bad]
    with session(tmp_path, {}, columns=160, rows=48, options=files) as shown:
        shown.wait_for("2 of 6 live", "1 calls ", "2 calls (2) ", " java ", " perl ")
        shown.wait_for("3 braces ", "syntax error, unexpected end of file")
        for number, said in (
            (4, "binary.bt: not a text file: it is not valid UTF-8"),
            (5, "huge.bt: 9765 KiB are too long"),
            (6, "dangling.bt: cannot be read: No such file or directory"),
        ):
            shown.press(str(number), "z")
            shown.wait_for(said, f"━{number} ")
            shown.press("z")
            shown.wait_for(" java ", " perl ")
