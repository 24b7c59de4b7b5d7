"""The fakes of a turn's tests behave as the adapters do: the same cases against both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.answer_log.answers import AnswerLog, Flushed, Lease
from copilot.answer_log.asking import Asking
from copilot.answer_log.ending import Ending
from copilot.answer_log.header import Fenced
from copilot.answer_log.question import NewQuestion
from copilot.conversations.history import Conversations
from copilot.identity import Identity
from copilot.table import Table
from copilot.wire import Pong, Source, encode_event
from inference.aws.connection_sink import ConnectionSink, client_config
from inference.aws.threaded_log import ThreadedLog
from inference.cache.qdrant_cache import QdrantCache, point_id
from inference.ports import CacheScope, ConnectionGone, Observation, Origin, Sink
from inference.publisher import Log
from tests.fakes import FakeCache, FakeLog, FakeSink, a_lease, passages
from tests.integration.management_api import ManagementApi
from tests.integration.test_qdrant_cache import InMemoryTransport, WallClock

SOURCE = Source(id="1", title="T", snippet="s", score=1.0, document="d.md", chunk_id="c")


# --- the answer log -------------------------------------------------------------------------------

Opened = tuple[Log, Lease]


def fake_log(_: pytest.FixtureRequest) -> Opened:
    lease = a_lease()
    return FakeLog(lease), lease


def real_log(request: pytest.FixtureRequest) -> Opened:
    table: Table = request.getfixturevalue("table")
    time = request.getfixturevalue("time")
    identity = Identity(tenant="acme", user="ann")
    asked = Asking(table, time).ask(
        NewQuestion(identity=identity, connection_id="c1", client_msg_id="m1", text="Fee?")
    )
    log = AnswerLog(table, time)
    pool = ThreadPoolExecutor(2)
    request.addfinalizer(pool.shutdown)
    return ThreadedLog(log, Conversations(table, time), pool), log.take(asked.answer_id)


@pytest.fixture(params=[fake_log, real_log], ids=["fake", "real"])
def opened(request: pytest.FixtureRequest) -> Opened:
    open_: Callable[[pytest.FixtureRequest], Opened] = request.param
    return open_(request)


def done(last_seq: int, text: str) -> Ending:
    return Ending(state="done", finish_reason="stop", last_seq=last_seq, text=text)


async def test_a_flush_returns_the_subscribers(opened: Opened) -> None:
    log, lease = opened
    flushed = await log.flush(lease, 1, [SOURCE])
    assert flushed == Flushed(subscribers=frozenset({"c1"}), cancelled=False)
    assert (await log.heartbeat(lease)).subscribers == {"c1"}


async def test_a_dropped_subscriber_is_not_returned_again(opened: Opened) -> None:
    log, lease = opened
    await log.drop_subscriber(lease.answer_id, "c1")
    await log.drop_subscriber(lease.answer_id, "c1")
    assert (await log.flush(lease, 1, "text")).subscribers == frozenset()


async def test_a_restart_fences_the_epoch_before_it(opened: Opened) -> None:
    log, lease = opened
    await log.flush(lease, 1, "void")
    again = await log.restart(lease)
    assert again.epoch == lease.epoch + 1
    for call in (log.heartbeat(lease), log.flush(lease, 2, "late"), log.restart(lease)):
        with pytest.raises(Fenced):
            await call
    await log.flush(again, 1, "new")
    end, _ = await log.finish(again, done(1, "new"))
    assert (end.epoch, end.last_seq) == (again.epoch, 1)


async def test_after_the_end_nothing_can_be_written(opened: Opened) -> None:
    log, lease = opened
    await log.flush(lease, 1, "text")
    end, flushed = await log.finish(lease, done(1, "text"))
    assert end.state == "done"
    assert flushed.subscribers == {"c1"}
    for call in (
        log.flush(lease, 2, "late"),
        log.heartbeat(lease),
        log.finish(lease, done(1, "text")),
    ):
        with pytest.raises(Fenced):
            await call


async def test_an_ending_must_name_the_last_flush(opened: Opened) -> None:
    log, lease = opened
    await log.flush(lease, 1, "text")
    with pytest.raises(Fenced):
        await log.finish(lease, done(2, "text and more"))


# --- the sink -------------------------------------------------------------------------------------


@pytest.fixture(params=["fake", "real"])
def sink(request: pytest.FixtureRequest) -> Iterator[tuple[Sink, Any]]:
    """A sink and its far side, which has ``gone`` connections."""
    if request.param == "fake":
        fake = FakeSink()
        yield fake, fake
        return
    with ManagementApi() as api, ThreadPoolExecutor(2) as pool:
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=api.url,
            region_name="eu-central-1",
            aws_access_key_id="x",
            aws_secret_access_key="y",
            config=client_config(2),
        )
        yield ConnectionSink(client, pool), api
        client.close()


async def test_a_frame_arrives_or_the_connection_is_gone(sink: tuple[Sink, Any]) -> None:
    port, far = sink
    frame = encode_event(Pong(t=1))
    await port.post("c1", frame)
    far.gone.add("c2")
    with pytest.raises(ConnectionGone):
        await port.post("c2", frame)


# --- the cache ------------------------------------------------------------------------------------

SCOPES = [
    CacheScope(tenant=t, groups_hash=g, corpus_version=v, model="m", prompt_version="p")
    for t in ("a", "b")
    for g in ("x", "y")
    for v in ("1", "2")
]
ANGLES = [0.0, 0.1, 0.25, 0.5, 1.0, 1.5]


def at(angle: float) -> Any:
    return np.array([np.cos(angle), np.sin(angle), 0, 0], dtype=np.float32)


@settings(max_examples=25)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["store", "lookup", "right", "wrong", "forget", "forget user"]),
            st.sampled_from(SCOPES),
            st.sampled_from(ANGLES),
        ),
        max_size=25,
    )
)
async def test_both_caches_serve_the_same_answers(
    steps: list[tuple[str, CacheScope, float]],
) -> None:
    fake = FakeCache()
    real = QdrantCache(
        InMemoryTransport(),
        WallClock(),
        collection="c",
        dimension=4,
        threshold=0.95,
        ttl_s=3600,
        lookup_s=60,
    )
    for step, (action, scope, angle) in enumerate(steps):
        question, vector = f"q{angle}", at(angle)
        origin = Origin(answer_id=f"a{step % 3}", user=f"u{step % 2}")
        observation = Observation(
            entry=point_id(question, scope),
            tenant=scope.tenant,
            answer_id=origin.answer_id,
            similarity=angle,
            right=action == "right",
            clean=step % 2 == 0,
        )
        for cache in (fake, real):
            if action == "store":
                await cache.store(
                    question, vector, scope, text=question, passages=passages(1), origin=origin
                )
            elif action in ("right", "wrong"):
                await cache.observe(observation)
            elif action == "forget":
                entry = point_id(question, scope) if step % 2 else None
                await cache.forget_answer(scope.tenant, origin.answer_id, entry=entry)
            elif action == "forget user":
                await cache.forget_user(scope.tenant, origin.user)
        ours = await fake.lookup(question, vector, scope)
        theirs = await real.lookup(question, vector, scope)
        assert {(a.text, round(a.score, 3)) for a in ours} == {
            (a.text, round(a.score, 3)) for a in theirs
        }
        assert [round(a.score, 3) for a in ours] == [round(a.score, 3) for a in theirs]
        assert {a.entry: a.record for a in ours} == {a.entry: a.record for a in theirs}
        assert all(answer.passages == passages(1) for answer in (*ours, *theirs))
