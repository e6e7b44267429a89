from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.process.pid_namespace import PidNamespace
from bttop.script.process.pin import Pin
from bttop.script.process.self_exclusion import Exclusion
from bttop.script.rewrite.namespaced import namespaced
from bttop.script.rewrite.prepare import Prepared, prepare, unedited

INODE = 4026532178
OF_HOST = PidNamespace(INODE, "host")
SWAPPING = PidNamespace(INODE, "inside", swaps_ids=True)
NEW = PidNamespace(INODE, "inside")
POINT = "tracepoint:raw_syscalls:sys_enter"
SAYS_ONLY, SAYS_HOST, SAYS_ZERO = "this PID namespace only", "PIDs of the host", "other PIDs are 0"


def prepared(text: str, namespace: PidNamespace | None, pin: Pin | None = None) -> Prepared:
    script = read(text)
    assert isinstance(script, Script)
    exclude = Exclusion((7,), ("bpftrace",), fields_differ=namespace is not None) if pin is None else None
    return namespaced(prepare(script, pin=pin, exclude=exclude), script, namespace, pin)


def first_probe(text: str) -> str:
    return text[: text.index("}")].replace("\n", " ")


BY_PID = f"{POINT} {{ @[pid, tid] = count(); }}"
BY_COMM = f"{POINT} {{ @[comm] = count(); }}"
FILTERED = f"{POINT} /args->id == 1/ {{ @[pid] = count(); }}"
FIELD = "tracepoint:sched:sched_process_fork { @[args->parent_pid, $1] = count(); }"


@pytest.mark.parametrize(
    ("text", "namespace", "pin", "expected", "badge"),
    [
        (BY_PID, None, None, '/pid != 7 && comm != "bpftrace"/ {', ""),
        (BY_PID, OF_HOST, None, "[pid, tid]", SAYS_HOST),
        (BY_PID, NEW, None, '/pid != 0 && ((pid != 7 && comm != "bpftrace") != 0)/', SAYS_ONLY),
        (BY_PID, NEW, Pin(pids=(5,)), "/pid != 0 && ((pid == 5) != 0)/", SAYS_ONLY),
        (BY_PID, SWAPPING, Pin(pids=(5,)), "/pid != 0 && ((tid == 5) != 0)/ {", SAYS_ONLY),
        (BY_PID, SWAPPING, Pin(comm="java"), '/pid != 0 && ((comm == "java") != 0)/ {', SAYS_ONLY),
        (BY_PID, NEW, Pin(cgroups=("/a",)), '/pid != 0 && ((cgroup == cgroupid("/a")) != 0)/', SAYS_ONLY),
        (BY_COMM, NEW, None, '/pid != 7 && comm != "bpftrace"/ {', ""),
        (BY_COMM, SWAPPING, None, '/tid != 7 && comm != "bpftrace"/ {', ""),
        (BY_COMM, OF_HOST, Pin(comm="java"), '/comm == "java"/ {', ""),
        (BY_COMM, NEW, Pin(comm="java"), '/comm == "java"/ {', ""),
        (BY_COMM, NEW, Pin(cgroups=("/a",)), '/cgroup == cgroupid("/a")/ {', ""),
        (BY_COMM, NEW, Pin(pids=(5,)), "/pid != 0 && ((pid == 5) != 0)/", SAYS_ONLY),
        (
            FILTERED,
            NEW,
            Pin(comm="java"),
            '/pid != 0 && (((comm == "java") && ((args->id == 1) != 0)) != 0)/',
            SAYS_ONLY,
        ),
        (FIELD, SWAPPING, Pin(comm="java"), "args->parent_pid", ""),
    ],
)
def test_ids_are_used_only_where_bpftrace_knows_them(
    text: str, namespace: PidNamespace | None, pin: Pin | None, expected: str, badge: str
) -> None:
    found = prepared(text, namespace, pin)
    assert expected in found.text
    assert [one.text for one in found.badges if one.code == "namespace"] == ([badge] if badge else [])


SWITCH = """tracepoint:sched:sched_switch {
    $since = @since[cpu]; @since[cpu] = nsecs;
    if (pid != 0 && $since != 0) { @run[pid] = hist(nsecs - $since); }
}"""


def test_a_probe_that_keeps_state_of_other_processes_counts_them_without_warnings() -> None:
    found = prepared(SWITCH, SWAPPING)
    assert "tid != 0" not in found.text.split("\n")[0]
    assert "if (tid != 0" in found.text
    assert [one.text for one in found.badges if one.code == "namespace"] == [SAYS_ZERO]
    assert not found.warns


@pytest.mark.parametrize(
    ("text", "namespace", "pin", "warns"),
    [
        (BY_PID, NEW, None, False),
        (BY_COMM, NEW, None, False),
        (BY_COMM, NEW, Pin(pids=(5,)), False),
        (BY_COMM, NEW, Pin(comm="java"), True),
        (BY_PID, OF_HOST, None, True),
        (BY_PID, None, None, True),
    ],
)
def test_warnings_are_off_where_every_event_of_another_namespace_would_cause_one(
    text: str, namespace: PidNamespace | None, pin: Pin | None, warns: bool
) -> None:
    assert prepared(text, namespace, pin).warns is warns


def test_macros_that_use_an_id_restrict_every_probe_and_are_swapped() -> None:
    text = f"macro who() {{ pid }}\n{POINT} {{ @[who()] = count(); }}"
    found = prepared(text, SWAPPING, Pin(comm="java"))
    assert "macro who() { tid }" in found.text
    assert "/pid != 0 && ((" in found.text


def test_a_constant_that_is_an_id_restricts_and_is_swapped() -> None:
    found = prepared(f"#define WHO pid\n{POINT} {{ @[WHO] = count(); }}", SWAPPING, Pin(comm="java"))
    assert "#define WHO tid" in found.text
    assert "/pid != 0 && ((" in found.text


@pytest.mark.parametrize(
    ("text", "namespace", "says"),
    [
        ("tracepoint:sched:sched_process_fork /args->child_pid == $1/ { @ = count(); }", NEW, True),
        ("tracepoint:sched:sched_process_fork /args->child_pid == $1/ { @ = count(); }", OF_HOST, False),
        (f"{POINT} /pid == $1/ {{ @ = count(); }}", NEW, False),
    ],
)
def test_a_parameter_that_is_compared_with_a_field_is_said_not_to_be_the_pin(
    text: str, namespace: PidNamespace, says: bool
) -> None:
    found = prepared(text, namespace, Pin(pids=(5,)))
    assert (
        any("which counts as the host does" in one.explanation and one.code == "pin-inexact" for one in found.badges)
        is says
    )


def test_probes_without_a_process_are_left_alone() -> None:
    found = prepared(f'BEGIN {{ printf("%d", pid); }}\n{BY_PID}', NEW)
    assert found.text.startswith("BEGIN { printf")


def test_a_place_in_the_twice_edited_text_is_that_of_the_users_own() -> None:
    last = '{ @[comm] = count(); printf("%d", tid); }'
    found = prepared(f"{POINT}\n/args->id == 1/\n{last}", SWAPPING)
    lines = found.text.split("\n")
    line = next(index for index, text in enumerate(lines) if '"%d", pid)' in text)
    at = lines[line].index('"%d", pid)') + 6
    assert found.original_position(line + 1, at + 1) == (3, last.index("tid") + 1)


def test_an_unedited_script_says_what_its_ids_are() -> None:
    script = read(BY_PID)
    assert isinstance(script, Script)
    found = namespaced(unedited(script), script, NEW)
    assert found.text == BY_PID
    assert not found.warns
    assert SAYS_ZERO in [one.text for one in found.badges]
