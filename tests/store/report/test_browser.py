"""The page of a report in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bttop.cli import main
from tests.browser import browser, look
from tests.store.report.kit import snapshot_file

pytestmark = pytest.mark.skipif(browser() is None, reason="no Chromium here; scripts/system test installs it")

MEASURE = """<!DOCTYPE html><body><script>
addEventListener("load", () => {
  const sizes = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument.documentElement;
    const tall = [...frame.contentDocument.querySelectorAll("section")].filter((one) => one.offsetHeight < 20);
    return [page.clientWidth, page.scrollWidth, tall.length];
  });
  document.body.textContent = JSON.stringify(sizes);
});
</script>%s</body>"""
WIDTHS = (320, 390, 768, 1280, 2560)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    out = folder / "report.html"
    assert main(["report", str(snapshot_file(folder / "s.bttop")), "-o", str(out)]) == 0
    return out


def test_the_page_loads_without_a_complaint_and_asks_the_network_for_nothing(page: Path, tmp_path: Path) -> None:
    seen = look(page, tmp_path)
    assert seen.console == []
    assert seen.asked == []
    for section in ("summary", "programs", "marks", "doubts", "p1", "p2", "p3", "scripts"):
        assert f'id="{section}"' in seen.dom
    assert "<title>demo-host: bttop report</title>" in seen.dom


def test_names_that_mean_harm_do_none_even_where_pages_may_run_scripts(page: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text()))
    assert bare.read_text() != page.read_text()
    seen = look(bare, tmp_path)
    assert "<title>demo-host: bttop report</title>" in seen.dom, "a name has run"
    assert seen.asked == []
    assert seen.console == []


def test_the_door_sees_what_a_page_does_fetch(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<img src=http://leak.example/x><script>console.error('seen')</script>")
    seen = look(bad, tmp_path)
    assert any("leak.example" in one for one in seen.asked)
    assert seen.console


def test_the_page_is_never_wider_than_its_window(page: Path, tmp_path: Path) -> None:
    frames = "".join(
        f'<iframe src="{page.as_uri()}" width={width} height=800 frameborder=0></iframe>' for width in WIDTHS
    )
    outer = tmp_path / "outer.html"
    outer.write_text(MEASURE % frames)
    seen = look(outer, tmp_path, "--allow-file-access-from-files", "--window-size=2700,900")
    found = re.search(r"\[\[.*\]\]", seen.dom)
    assert found is not None, seen.dom[:500]
    sizes = json.loads(found[0])
    assert len(sizes) == len(WIDTHS)
    for width, (client, scroll, flat) in zip(WIDTHS, sizes, strict=True):
        assert width - 20 <= client <= width
        assert scroll <= client, f"{scroll - client} pixels too wide at {width}"
        assert flat == 0
