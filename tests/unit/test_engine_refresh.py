"""A newer index takes over between turns; a turn keeps the one it began with."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from inference.engine import Engine, EngineLoader
from tests.fakes import FakeCache, FakeEmbedder, FakeRetriever, passages


class Newer:
    """Where newer engines come from, as a test wants it."""

    def __init__(self) -> None:
        self.is_due = True
        self.moved = True
        self.found: Engine | None = None
        self.looks = 0
        self.may_load = threading.Event()
        self.may_load.set()

    def has_moved(self) -> bool:
        self.looks += 1
        return self.moved

    def load(self, engine: Engine) -> Engine | None:
        self.may_load.wait(10)
        return self.found


OLD = Engine(embedder=FakeEmbedder(), retriever=FakeRetriever(passages(1)), cache=FakeCache())
NEW = replace(OLD, retriever=FakeRetriever(passages(2)))


def loader(newer: Newer | None) -> EngineLoader:
    return EngineLoader(lambda: OLD, then=lambda: None, newer=newer)


def refreshed(engine: EngineLoader) -> None:
    thread = engine.refresh()
    assert thread is not None
    thread.join(10)


def test_nothing_is_looked_for_where_no_bucket_is_followed() -> None:
    engine = loader(None)
    engine.get()
    assert engine.refresh() is None


def test_nothing_is_looked_for_before_there_is_an_engine_or_before_it_is_time() -> None:
    newer = Newer()
    engine = loader(newer)
    assert engine.refresh() is None
    engine.get()
    newer.is_due = False
    assert engine.refresh() is None
    assert newer.looks == 0


def test_the_next_turn_gets_the_newer_index() -> None:
    newer = Newer()
    newer.found = NEW
    engine = loader(newer)
    assert engine.newest() is OLD
    refreshed(engine)
    assert engine.newest() is NEW


def test_a_pointer_that_stands_still_or_leads_nowhere_changes_nothing() -> None:
    newer = Newer()
    engine = loader(newer)
    engine.get()
    refreshed(engine)
    assert engine.newest() is OLD
    newer.moved, newer.found = False, NEW
    refreshed(engine)
    assert engine.newest() is OLD


def test_a_turn_that_begins_while_the_newer_index_loads_waits_for_it() -> None:
    newer = Newer()
    newer.found = NEW
    newer.may_load.clear()
    engine = loader(newer)
    engine.get()
    thread = engine.refresh()
    assert thread is not None
    assert engine.refresh() is None, "one look at a time"
    got: list[Engine] = []
    turn = threading.Thread(target=lambda: got.append(engine.newest()))
    turn.start()
    newer.may_load.set()
    turn.join(10)
    thread.join(10)
    assert got == [NEW]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failure_while_loading_holds_nobody_up() -> None:
    class Broken(Newer):
        def has_moved(self) -> bool:
            raise LookupError("a bug")

    engine = loader(Broken())
    engine.get()
    refreshed(engine)
    assert engine.newest() is OLD
    refreshed(engine)
