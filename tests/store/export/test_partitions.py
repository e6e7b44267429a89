from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from bttop.store.export.partitions import partitions, path_value
from bttop.store.export.tables import tables
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.export.kit import selection
from tests.store.several import two_hosts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("web1.example-2_x", "web1.example-2_x"),
        ("root@web1", "root%40web1"),
        ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"),
        ("..", ".."),
        ("a=b/date=c", "a%3Db%2Fdate%3Dc"),
        ("\x1b[2J\x00\n", "%1B%5B2J%00%0A"),
        ("straße", "stra%C3%9Fe"),
        ("", "__HIVE_DEFAULT_PARTITION__"),
    ],
)
def test_a_name_is_one_part_of_a_path(name: str, value: str) -> None:
    assert path_value(name) == value


def test_long_names_stay_different_and_fit_into_a_file_system() -> None:
    found = {path_value(f"{letter * 4000}{end}") for letter in ("x", "ß", "/") for end in ("1", "2")}
    assert len(found) == 6
    assert all(len(one) <= 200 and "/" not in one for one in found)


def test_each_host_and_day_is_a_partition_without_the_column_of_the_host(tmp_path: Path) -> None:
    with Snapshot(two_hosts(tmp_path / "s.bttop")) as snapshot:
        chosen = selection(snapshot)
        (table,) = tables(chosen)
        found = {one.path: list(one.rows) for one in partitions(chosen, table, "s")}
        (titles,) = {one.table.columns for one in partitions(chosen, table, "s") if list(one.rows)}
    assert list(found) == [PurePath(f"host={name}/date=2026-11-26/s") for name in ("web1", "web2")]
    assert titles == tuple(title for title in table.columns if title != "host")
    assert [{row[-1] for row in rows} for rows in found.values()] == [{10}, {1_000}]
    assert {len(row) for rows in found.values() for row in rows} == {len(titles)}
