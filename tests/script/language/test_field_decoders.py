from __future__ import annotations

from pathlib import Path

import pytest

from bttop.model.plan import DECODERS, Column
from bttop.script.language import field_decoders as module
from bttop.script.language.field_decoders import FieldDecoder, field_decoders
from bttop.script.language.reader import Script, read
from bttop.script.language.survey import survey

EVENTS = Path("/sys/kernel/tracing/events")


def columns(text: str) -> tuple[Column, ...]:
    script = read(text)
    assert isinstance(script, Script)
    return survey(script).maps["@"].keys.columns


@pytest.mark.parametrize(
    ("event", "field", "decoder"),
    [
        ("syscalls:sys_exit_read", "ret", "result"),
        ("syscalls:sys_exit_*", "ret", "result"),
        ("raw_syscalls:sys_exit", "ret", "result"),
        ("raw_syscalls:sys_enter", "id", "syscall"),
        ("syscalls:sys_enter_openat", "flags", "open_flags"),
        ("syscalls:sys_enter_socket", "family", "family"),
        ("syscalls:sys_enter_socket", "type", "socket_type"),
        ("syscalls:sys_enter_kill", "sig", "signal"),
        ("syscalls:sys_enter_mmap", "prot", "protection"),
        ("syscalls:sys_enter_mmap", "flags", "map_flags"),
        ("syscalls:sys_enter_madvise", "behavior", "advice"),
        ("syscalls:sys_enter_futex", "op", "futex"),
        ("sock:inet_sock_set_state", "protocol", "protocol"),
        ("sock:inet_sock_set_state", "newstate", "tcp_state"),
        ("tcp:tcp_retransmit_skb", "family", "family"),
        ("tcp:tcp_retransmit_skb", "state", "tcp_state"),
        ("skb:kfree_skb", "protocol", "ethertype"),
        ("signal:signal_generate", "sig", "signal"),
        ("block:block_rq_issue", "dev", "device"),
        ("block:*", "rwbs", "block_operation"),
        ("block:block_rq_complete", "error", "errno"),
        ("ext4:ext4_da_write_begin", "dev", "device"),
    ],
)
def test_a_field_whose_meaning_is_certain_is_decoded(event: str, field: str, decoder: str) -> None:
    found = columns(f"tracepoint:{event} {{ @[args->{field}] = count(); }}")
    assert [one.decoder for one in found] == [decoder]
    assert found[0].kind in ("int", "text")


@pytest.mark.parametrize(
    ("probes", "key"),
    [
        ("tracepoint:syscalls:sys_enter_socket", "args->protocol"),
        ("tracepoint:syscalls:sys_exit_read", "args->ret / 2"),
        ("tracepoint:syscalls:sys_exit_read", "-args->ret"),
        ("tracepoint:syscalls:sys_enter_read", "args->ret"),
        ("tracepoint:sched:sched_switch", "args->dev"),
        ("tracepoint:net:netif_rx", "args->dev"),
        ("kretprobe:vfs_read", "retval"),
        ("kprobe:vfs_read,tracepoint:syscalls:sys_exit_read", "args->ret"),
        ("tracepoint:block:block_rq_issue", 'args->rwbs == "R"'),
    ],
)
def test_what_is_not_certain_stays_a_number(probes: str, key: str) -> None:
    assert [one.decoder for one in columns(f"{probes} {{ @[{key}] = count(); }}")] == [""]


def test_a_cast_of_a_number_keeps_its_meaning_and_a_cast_of_bytes_does_not() -> None:
    probe = "tracepoint:sock:inet_sock_set_state"
    assert columns(f"{probe} {{ @[(uint64)args->newstate] = count(); }}")[0].decoder == "tcp_state"
    assert columns(f"{probe} {{ @[(uint64)args->saddr] = count(); }}")[0].decoder == ""


def test_a_field_that_means_different_things_in_two_tracepoints_is_not_decoded() -> None:
    assert field_decoders(["skb:kfree_skb", "sock:inet_sock_set_state"]) == {}
    shared = field_decoders(["sock:inet_sock_set_state", "sock:inet_sk_error_report"])
    assert shared["protocol"] == FieldDecoder("int", "protocol")
    assert "newstate" not in shared
    assert field_decoders([]) == {}


def test_every_rule_names_a_decoder() -> None:
    assert {rule.decoder for rule in module._RULES} <= DECODERS


@pytest.mark.parametrize("rule", module._RULES, ids=lambda rule: f"{rule.events[0]}{rule.fields[0]}")
def test_the_kernel_has_the_fields_of_a_rule(rule: module._Rule) -> None:
    """At least one event of this kernel has each field, where the kernel has such events at all."""
    names = [f"{event.parent.name}:{event.name}" for event in EVENTS.glob("*/*") if event.is_dir()]
    fitting = [EVENTS / name.replace(":", "/") / "format" for name in names if rule.fits(name)]
    if not fitting:
        pytest.skip("this kernel does not have these events, or this user may not read them")
    texts = [path.read_text() for path in fitting]
    for field in rule.fields:
        assert any(f" {field};" in text or f" {field}[" in text for text in texts), field
