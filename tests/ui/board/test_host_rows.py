"""A pane of several hosts: its rows in each way, the hosts that are missing, the row of a host, and its state page."""

from __future__ import annotations

import pytest

from bttop.engine.host.process.process_lookup import ProcessLookup
from bttop.engine.hosts.host_processes import HostProcesses
from bttop.model.record.records import Stamp
from bttop.ui.board.host_rows import ONE_HOST, step_hosts
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import FrameState
from bttop.ui.board.row_facts import facts_of, row_host, row_pid
from bttop.ui.board.screen_bars.link_text import links_span
from bttop.ui.board.visible_pids import visible_pids
from bttop.ui.dialogs.state_page import state_lines
from bttop.ui.render.spans import UNICODE, plain
from bttop.ui.themes import load_themes
from tests.engine.hosts.kit import Group
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, text_of

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]


class Shown:
    """A pane of the program of a group."""

    def __init__(self, width: int = 90) -> None:
        self.group = Group()
        frame = FrameState(1, width, 12, focused=True, divided=False, below=False, glyphs=UNICODE)
        self.pane = Pane(self.group.session.programs[0], frame, NIGHT)
        for _ in range(4):
            self.group.flush("web1", nginx=30)
            self.group.flush("web2", nginx=40, java=5)
        self.draw()

    def draw(self) -> Shown:
        self.pane.advance()
        self.pane.repaint()
        return self

    @property
    def lines(self) -> list[str]:
        return [plain(line).rstrip() for line in self.pane._lines]

    @property
    def words(self) -> list[list[str]]:
        """The words of the first rows, without their charts."""
        return [line.split()[:4] for line in self.lines[2:5] if line.strip()]


def test_rows_of_processes_name_their_host_and_the_rule_says_which_host_is_missing() -> None:
    one = Shown()
    assert "1 calls calls 1/3 by host ━" in one.lines[0]
    assert " 2 of 3 hosts: without web3 " in one.lines[0]
    assert one.words == [["40", "web2", "7", "nginx"], ["30", "web1", "7", "nginx"], ["5", "web2", "7", "java"]]


def test_h_shows_one_host_alone_then_all_added_up_then_each_again() -> None:
    one = Shown()
    assert step_hosts(one.pane) == "web2 alone; H adds up all hosts"
    assert " 1 calls web2 ━" in one.draw().lines[0].replace("━1", " 1")
    assert one.words == [["40", "7", "nginx", one.words[0][3]], ["5", "7", "java", one.words[1][3]]]
    assert row_host(one.pane, one.pane.cursor) == "web2"
    assert step_hosts(one.pane).startswith("added up over all hosts, without process ids")
    assert "sum of 3 hosts" in one.draw().lines[0]
    assert [line[:2] for line in one.words] == [["70", "nginx"], ["5", "java"]]
    assert step_hosts(one.pane).startswith("one row per host and key")
    assert one.draw().words[0] == ["40", "web2", "7", "nginx"]


def test_a_row_is_about_a_process_of_its_host() -> None:
    one = Shown()
    processes = HostProcesses({"web1": ProcessLookup(), "web2": ProcessLookup()}.get)
    key = one.pane.cursor
    assert key is not None
    facts = facts_of(one.pane, key, processes, str)
    assert (facts.host, facts.pid, facts.comm) == ("web2", 7, "nginx")
    assert list(visible_pids(one.pane)) != []
    assert {host for host, _ in visible_pids(one.pane)} == {"web1", "web2"}
    step_hosts(one.pane)
    step_hosts(one.pane)
    assert row_pid(one.draw().pane, "nginx", processes) is None
    processes.close()


def test_the_views_of_hosts_rank_them_and_show_them_over_time() -> None:
    one = Shown()
    one.pane.next_subject()
    rank = one.draw().lines
    assert "as hosts 2/3" in rank[0]
    assert rank[1].split()[:3] == ["/s", "host", "rank▾"]
    assert [line.split()[:3] for line in rank[2:4]] == [["45", "web2", "1"], ["30", "web1", "2"]]
    one.pane.move(1)
    one.pane.next_subject()
    over_time = one.draw().lines
    assert over_time[1] == "events/s of each host, 30 to 45"
    assert [line.split()[0] for line in over_time[2:4]] == ["web1", "web2"]
    one.pane.move(1)
    assert step_hosts(one.pane).startswith("web2 alone")
    assert "as hosts" not in one.draw().lines[0]


def test_a_pane_of_one_host_has_no_other_to_show() -> None:
    fake = FakeEngine()
    program = fake.add("calls", "profile:hz:99 { @calls[pid] = count(); }")
    frame = FrameState(1, 80, 12, focused=True, divided=False, below=False, glyphs=UNICODE)
    pane = Pane(program, frame, NIGHT)
    assert step_hosts(pane) == ONE_HOST
    assert pane.host_of("7") == ""


def test_the_state_page_has_the_state_and_the_clock_of_each_host() -> None:
    one = Shown()
    clock = one.group.session.links[0].clock
    clock.answered(clock.sent(), Stamp(clock.now().boot_ns, clock.now().wall_ns + 3_000_000_000))
    text = text_of(state_lines(one.pane.model, 100))
    assert "web1  live, round trip" in text
    assert "clock +3" in text
    assert "web3  lost: its host key is not known" in text
    assert "last flush  2 of 3 hosts: without web3" in text


@pytest.mark.parametrize(
    ("lost", "says"), [((), "rtt up to"), ((0,), "1 of 2 lost: web1"), ((0, 1), "2 of 2 lost: web1, web2")]
)
def test_the_header_says_how_many_hosts_are_lost_and_which(lost: tuple[int, ...], says: str) -> None:
    links = Group().session.links[:2]
    for link in links:
        link.clock.answered(link.clock.sent(), link.clock.now())
    for at in lost:
        links[at].lost("no answer for 5 s")
    span = links_span(links)
    assert span.text.strip().startswith(says)
    assert span.role == ("error" if lost else "header")
