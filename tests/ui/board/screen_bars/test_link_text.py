"""The connections in the header."""

from __future__ import annotations

from bttop.engine.remote.link import Link
from bttop.ui.board.screen_bars.link_text import links_span

WHY = "port 22: Connection refused"


def links(*missing: str, refused: tuple[str, ...] = (), lost: tuple[str, ...] = ()) -> list[Link]:
    found = [Link(f"web{number}") for number in range(1, 7)]
    for link in found:
        if link.name in (*missing, *refused):
            link.missing(WHY, is_final=link.name in refused)
        elif link.name in lost:
            link.lost(WHY)
    return found


def test_one_missing_host_has_its_reason() -> None:
    assert links_span(links("web2")).text == f"1 of 6 not reached: web2, {WHY}  "
    assert links_span(links(refused=("web2",))).text == f"1 of 6 refused: web2, {WHY}  "
    assert links_span(links(lost=("web2",))).text == f"1 of 6 lost: web2, {WHY}  "


def test_several_are_named_and_the_word_is_true_for_all() -> None:
    assert links_span(links("web1", "web2", "web3", "web4")).text == "4 of 6 not reached: web1, web2, web3 and 1 more  "
    assert links_span(links("web1", refused=("web2",))).text == "2 of 6 not reached: web1, web2  "
    assert links_span(links("web1", lost=("web2",))).text == "2 of 6 missing: web1, web2  "
