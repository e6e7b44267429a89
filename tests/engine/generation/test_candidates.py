"""The candidates of a program: the nonce of their heartbeats."""

from __future__ import annotations

from bttop.engine.generation.candidates import Candidate
from bttop.engine.generation.source import Settings
from bttop.model.record.heartbeats import MOST_NONCES
from bttop.script.rewrite.twin import twin_of
from tests.engine.stage import OLD, Stage, source


def begun(nonce: int | None = None) -> Candidate:
    stage = Stage()
    found = stage.candidates((source(),), Settings()).current(lambda _source, why: None, nonce)
    assert found is not None
    return found


def test_each_start_has_a_nonce_of_its_own() -> None:
    found = [begun().prepared for _ in range(50)]
    nonces = {one.plan.nonce for one in found}
    assert len(nonces) == 50
    assert all(0 < nonce < MOST_NONCES for nonce in nonces)
    assert all(one.text.count(f"print(({one.plan.nonce}, (0, @__bt_n, nsecs") == 2 for one in found)


def test_a_restarted_program_does_not_repeat_the_nonce() -> None:
    stage = Stage()
    first = stage.go_live()
    stage.exit(first, 1)
    stage.tick(60)
    assert stage.last is not first
    assert stage.last.plan.nonce != first.plan.nonce


def test_the_same_nonce_makes_the_same_text() -> None:
    assert begun(7).prepared.text == begun(7).prepared.text != begun(8).prepared.text


def test_the_twin_of_a_trial_run_has_the_nonce_of_its_candidate() -> None:
    twin = twin_of(begun(7).prepared, OLD)
    assert twin is not None
    assert twin.prepared.plan.nonce == 7
    assert "print((7, (0, " in twin.prepared.text
