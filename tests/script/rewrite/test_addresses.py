from __future__ import annotations

import pytest

from bttop.model.plan import Column
from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import Prepared, prepare

RETRANSMITS = "tracepoint:tcp:tcp_retransmit_skb"


def prepared(text: str) -> Prepared:
    return prepare(read(text))


def test_addresses_are_text_columns_that_are_decoded() -> None:
    one = prepared(f"{RETRANSMITS} {{ @[args->saddr, args.daddr_v6, args->sport] = count(); }}")
    assert one.plan.maps["@"].columns == (
        Column("saddr", "text", "address"),
        Column("daddr_v6", "text", "address"),
        Column("sport", "any"),
    )


@pytest.mark.parametrize("probe", ["kprobe:f", "tracepoint:fib:fib_table_lookup"])
def test_a_field_of_that_name_elsewhere_is_not_taken_for_an_address(probe: str) -> None:
    one = prepared(f"{probe} {{ @[args->saddr] = count(); }}")
    assert one.plan.maps["@"].columns == (Column("saddr", "any"),)
    assert "ntop" not in one.text


def test_an_address_in_a_banked_key_is_written_through_ntop() -> None:
    line = prepared(f"{RETRANSMITS} {{ @[args->saddr, comm] = count(); }}").text.partition("\n")[0]
    assert line.count("ntop") == 1
    assert "= ntop(args->saddr);" in line


def test_an_address_in_a_script_that_prints_by_itself_is_written_through_ntop() -> None:
    text = f"{RETRANSMITS} {{ @[args->saddr, args->daddr] = count(); }} interval:s:10 {{ print(@); clear(@); }}"
    assert prepared(text).text.startswith(f"{RETRANSMITS} {{ @[ntop(args->saddr), ntop(args->daddr)] = count(); }}")


@pytest.mark.parametrize(
    "text",
    [
        "tracepoint:tcp:tcp_send_reset { @[args->saddr] = count(); }",
        f"{RETRANSMITS}, tracepoint:tcp:tcp_send_reset {{ @[args->saddr] = count(); }}",
        f"{RETRANSMITS} {{ @[args->saddr] = 1; }} {RETRANSMITS} {{ delete(@[args->saddr]); }}",
        f"{RETRANSMITS} {{ @[args->saddr[0]] = count(); }}",
        f"{RETRANSMITS} {{ @[ntop(args->saddr)] = count(); }}",
    ],
)
def test_where_the_size_is_not_certain_or_the_key_is_read_again_nothing_is_put_around(text: str) -> None:
    assert prepared(text).text.count("ntop") == text.count("ntop")
