"""The semantic cache, the same cases on every engine: our local process, qdrant-client's in-memory
mode, and a real server where ``QDRANT_TEST_URL`` names one.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from copilot.sealing.sealer import UNSEALED, Sealer
from copilot.table import Table
from inference.cache.no_cache import NoCache
from inference.cache.qdrant_cache import (
    CANDIDATES,
    QdrantCache,
    filter_of,
    point_id,
)
from inference.cache.qdrant_observations import TALLY_S
from inference.ports import CacheScope, CacheUnavailable, Observation, Origin, TrackRecord
from inference.qdrant.http import QdrantHttp, QdrantReply, QdrantTransport
from tests.fakes import a_passage, passages
from tests.integration.qdrant_process import qdrant_at
from tests.integration.sealed_table import sealed

SCOPE = CacheScope(
    tenant="acme", groups_hash="g1", corpus_version="v1", model="m1", prompt_version="p1"
)
ORIGIN = Origin(answer_id="a1", user="ann")
DIMENSION = 8


class WallClock:
    """Tests own the wall clock."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the cache does not sleep")


class InMemoryTransport:
    """The REST calls of the cache on qdrant-client's own in-memory engine."""

    def __init__(self) -> None:
        self._client = QdrantClient(":memory:")
        self._one_at_a_time = threading.Lock()

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float
    ) -> QdrantReply:
        match = re.fullmatch(r"/collections/([^/?]+)(/[^?]*)?(\?.*)?", path)
        assert match is not None, path
        name, action = match[1], match[2] or ""
        exists = self._client.collection_exists(name)
        if not exists and (method, action) != ("PUT", ""):
            return QdrantReply(404, {"status": {"error": f"Collection `{name}` doesn't exist!"}})
        try:
            # What reads it while another thread writes finds half a point; a server does not.
            with self._one_at_a_time:
                return QdrantReply(200, {"result": self._call(method, name, action, body or {})})
        except ValueError as error:
            return QdrantReply(400, {"status": {"error": f"dimension: {error}"}})

    def _call(self, method: str, name: str, action: str, body: dict[str, Any]) -> Any:
        match method, action:
            case "PUT", "":
                vectors = models.VectorParams(**body["vectors"])
                return self._client.create_collection(name, vectors_config=vectors)
            case "GET", "":
                return self._client.get_collection(name).model_dump(mode="json")
            case "DELETE", "":
                return {"deleted": self._client.delete_collection(name)}
            case "PUT", "/index":
                # The in-memory engine filters without indexes.
                return {}
            case "PUT", "/points":
                points = [models.PointStruct(**point) for point in body["points"]]
                return self._client.upsert(name, points).model_dump(mode="json")
            case "POST", "/points/delete":
                chosen = models.FilterSelector(filter=models.Filter(**body["filter"]))
                return self._client.delete(name, chosen).model_dump(mode="json")
            case "POST", "/points/count":
                chosen_by = models.Filter(**body["filter"])
                return self._client.count(name, chosen_by, exact=True).model_dump(mode="json")
            case "POST", "/points/scroll":
                records, following = self._client.scroll(
                    name,
                    models.Filter(**body["filter"]),
                    limit=body["limit"],
                    offset=body["offset"],
                    with_payload=True,
                )
                found = [record.model_dump(mode="json") for record in records]
                return {"points": found, "next_page_offset": following}
            case "POST", "/points/query":
                nearest = self._client.query_points(
                    name,
                    query=body["query"],
                    query_filter=models.Filter(**body["filter"]),
                    limit=body["limit"],
                    score_threshold=body["score_threshold"],
                    with_payload=body["with_payload"],
                )
                return nearest.model_dump(mode="json")
        raise AssertionError(f"the cache makes no such call: {method} {action}")


@pytest.fixture(scope="module")
def local_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Our own process around the Qdrant engine."""
    with qdrant_at(tmp_path_factory.mktemp("qdrant")) as url:
        yield url


ENGINES = ["local", "in-memory"]
if os.environ.get("QDRANT_TEST_URL"):
    ENGINES.append("server")


@pytest.fixture(params=ENGINES)
def transport(request: pytest.FixtureRequest) -> Iterator[QdrantTransport]:
    if request.param == "in-memory":
        yield InMemoryTransport()
        return
    local = request.param == "local"
    url = request.getfixturevalue("local_url") if local else os.environ["QDRANT_TEST_URL"]
    http = QdrantHttp(url)
    yield http
    http.close()


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def collection(transport: QdrantTransport) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex}"
    yield name
    transport.call("DELETE", f"/collections/{name}", timeout_s=5)


@pytest.fixture
def cache(transport: QdrantTransport, clock: WallClock, collection: str) -> QdrantCache:
    return make(transport, clock, collection)


def make(
    transport: QdrantTransport,
    clock: WallClock,
    collection: str,
    dimension: int = DIMENSION,
    lookup_s: float = 60.0,
    sealer: Callable[[], Sealer] = lambda: UNSEALED,
) -> QdrantCache:
    return QdrantCache(
        transport,
        clock,
        collection=collection,
        dimension=dimension,
        threshold=0.95,
        ttl_s=3600,
        lookup_s=lookup_s,
        sealer=sealer,
    )


def vector(*parts: float, dimension: int = DIMENSION) -> Any:
    padded = np.array([*parts, *([0.0] * (dimension - len(parts)))], dtype=np.float32)
    return padded / np.linalg.norm(padded)


async def test_with_a_key_the_words_of_an_entry_are_sealed_and_it_serves_as_before(
    transport: QdrantTransport, clock: WallClock, collection: str, table: Table
) -> None:
    with_key, _ = sealed(table, clock.time)
    plain = make(transport, clock, collection)
    await keep(plain, "What was the fee before?", vector=vector(1, 0.01))
    cache = make(transport, clock, collection, sealer=lambda: with_key.sealer)
    await keep(cache, "What is the secret fee?", text="A secret 5 EUR [1].")
    found = await cache.lookup("?", vector(1), SCOPE)
    assert [answer.question for answer in found] == [
        "What is the secret fee?",
        "What was the fee before?",
    ]
    assert (found[0].text, found[0].passages) == ("A secret 5 EUR [1].", passages(2))
    asked: dict[str, Any] = {
        "limit": 10,
        "offset": None,
        "with_payload": True,
        "filter": {"must": []},
    }
    path = f"/collections/{collection}/points/scroll"
    stored = repr(transport.call("POST", path, asked, timeout_s=5).body)
    assert "fee before" in stored
    assert "secret" not in stored
    assert [answer.question for answer in await plain.lookup("?", vector(1), SCOPE)] == [
        "What was the fee before?"
    ], "without the key there is no such answer"
    await cache.forget_user("acme", "ann")
    assert await cache.lookup("?", vector(1), SCOPE) == []


async def keep(cache: QdrantCache, question: str = "What is the fee?", **changes: Any) -> None:
    given: dict[str, Any] = {
        "vector": vector(1),
        "scope": SCOPE,
        "text": "5 EUR [1].",
        "origin": ORIGIN,
    }
    given.update(changes)
    await cache.store(
        question,
        given["vector"],
        given["scope"],
        text=given["text"],
        passages=passages(2),
        origin=given["origin"],
    )


async def test_before_anything_was_kept_nothing_is_found(cache: QdrantCache) -> None:
    assert await cache.lookup("What is the fee?", vector(1), SCOPE) == []


async def test_an_answer_comes_back_as_it_was_kept(cache: QdrantCache) -> None:
    await keep(cache)
    [found] = await cache.lookup("And the fee?", vector(1, 0.1), SCOPE)
    assert (found.question, found.text) == ("What is the fee?", "5 EUR [1].")
    assert found.passages == passages(2)
    assert found.score == pytest.approx(0.995, abs=0.001)


async def test_near_questions_come_nearest_first(cache: QdrantCache) -> None:
    await keep(cache, "far", vector=vector(1, 0.25), text="far")
    await keep(cache, "near", vector=vector(1, 0.05), text="near")
    await keep(cache, "elsewhere", vector=vector(0, 1), text="elsewhere")
    found = await cache.lookup("q", vector(1), SCOPE)
    assert [answer.text for answer in found] == ["near", "far"]
    assert found[0].score > found[1].score


async def test_no_more_come_than_can_be_looked_at(cache: QdrantCache) -> None:
    for n in range(CANDIDATES + 3):
        await keep(cache, f"q{n}", vector=vector(1, n / 100), text=f"{n}")
    found = await cache.lookup("q", vector(1), SCOPE)
    assert [answer.text for answer in found] == [f"{n}" for n in range(CANDIDATES)]


async def test_an_entry_names_the_chunks_that_its_answer_cites(
    transport: QdrantTransport, cache: QdrantCache, collection: str
) -> None:
    await keep(cache, text="Both [2], as said [2].")
    reply = transport.call(
        "POST",
        f"/collections/{collection}/points/query",
        {
            "query": vector(1).tolist(),
            "filter": filter_of(SCOPE, 0.0),
            "limit": 1,
            "score_threshold": 0.0,
            "with_payload": True,
        },
        timeout_s=5,
    )
    [point] = reply.body["result"]["points"]
    assert point["payload"]["chunk_ids"] == ["chunk-2"]


async def test_what_is_far_below_the_threshold_is_not_looked_at(cache: QdrantCache) -> None:
    await keep(cache)
    [rival] = await cache.lookup("q", vector(1, 0.4), SCOPE)
    assert rival.score == pytest.approx(0.928, abs=0.001)
    assert await cache.lookup("q", vector(1, 0.9), SCOPE) == []


@pytest.mark.parametrize("field", CacheScope.__struct_fields__)
async def test_no_answer_leaves_its_scope(cache: QdrantCache, field: str) -> None:
    await keep(cache)
    fields = {name: getattr(SCOPE, name) for name in CacheScope.__struct_fields__}
    other = CacheScope(**{**fields, field: "other"})
    assert await cache.lookup("What is the fee?", vector(1), other) == []


async def test_an_answer_is_served_until_it_expires(cache: QdrantCache, clock: WallClock) -> None:
    await keep(cache)
    clock.now += 3599
    assert await cache.lookup("q", vector(1), SCOPE)
    clock.now += 2
    assert await cache.lookup("q", vector(1), SCOPE) == []


async def test_the_same_question_replaces_its_answer(cache: QdrantCache) -> None:
    await keep(cache, "What is the fee?", text="old")
    await keep(cache, " what is  the FEE?", text="new")
    [found] = await cache.lookup("q", vector(1), SCOPE)
    assert found.text == "new"


async def test_forgetting_before_anything_was_kept_is_harmless(cache: QdrantCache) -> None:
    await cache.forget_answer("acme", "a1", entry=None)
    await cache.forget_user("acme", "ann")


async def texts(cache: QdrantCache, scope: CacheScope = SCOPE) -> set[str]:
    return {answer.text for answer in await cache.lookup("q", vector(1), scope)}


async def test_an_answer_is_forgotten_with_the_entry_it_was_served_from(
    cache: QdrantCache,
) -> None:
    for n in (1, 2, 3):
        origin = Origin(answer_id=f"a{n}", user="ann")
        await keep(cache, f"q{n}", vector=vector(1, n / 100), text=f"{n}", origin=origin)
    served = next(a for a in await cache.lookup("q", vector(1), SCOPE) if a.text == "2")
    await cache.forget_answer("globex", "a1", entry=served.entry)
    assert await texts(cache) == {"1", "2", "3"}, "another tenant's word counts for nothing"
    await cache.forget_answer("acme", "a1", entry=served.entry)
    assert await texts(cache) == {"3"}
    await cache.forget_answer("acme", "a3", entry=None)
    assert await texts(cache) == set()


async def test_a_person_is_forgotten_with_all_that_their_answers_stored(
    transport: QdrantTransport, cache: QdrantCache, collection: str
) -> None:
    elsewhere = CacheScope(
        tenant="acme", groups_hash="g2", corpus_version="v2", model="m1", prompt_version="p1"
    )
    foreign = CacheScope(
        tenant="globex", groups_hash="g1", corpus_version="v1", model="m1", prompt_version="p1"
    )
    ann, bob = Origin(answer_id="a1", user="ann"), Origin(answer_id="a2", user="bob")
    await keep(cache, "q1", origin=ann, text="ann's")
    await keep(cache, "q2", origin=bob, text="bob's")
    await keep(cache, "q3", origin=ann, text="ann's too", scope=elsewhere)
    await keep(cache, "q4", origin=ann, text="another Ann's", scope=foreign)
    await cache.forget_user("acme", "ann")
    assert await texts(cache) == {"bob's"}
    assert await texts(cache, elsewhere) == set()
    assert await texts(cache, foreign) == {"another Ann's"}


# --- observations ---------------------------------------------------------------------------------


def seen(entry: str, similarity: float, right: bool, **changes: Any) -> Observation:
    fields: dict[str, Any] = {
        "entry": entry,
        "tenant": "acme",
        "answer_id": uuid.uuid4().hex,
        "similarity": similarity,
        "right": right,
        "clean": True,
    }
    return Observation(**{**fields, **changes})


async def record(cache: QdrantCache) -> TrackRecord:
    [found] = await cache.lookup("q", vector(1), SCOPE)
    return found.record


async def test_an_entry_comes_with_its_track_record(cache: QdrantCache) -> None:
    await keep(cache)
    entry = point_id("What is the fee?", SCOPE)
    assert await record(cache) == TrackRecord()
    await cache.observe(seen(entry, 0.97, right=False))
    await cache.observe(seen(entry, 0.96, right=False, clean=False))
    await cache.observe(seen(entry, 0.99, right=True, clean=False))
    await cache.observe(seen(str(uuid.uuid4()), 0.99, right=True))
    await cache.observe(seen(str(uuid.uuid4()), 0.99, right=True, tenant="globex"))
    expected = TrackRecord(seen=3, wrong_up_to=0.97, tenant_seen=2, tenant_wrong=1)
    assert await record(cache) == expected


async def test_one_answer_observes_an_entry_once(cache: QdrantCache) -> None:
    await keep(cache)
    observation = seen(point_id("What is the fee?", SCOPE), 0.97, right=True)
    await cache.observe(observation)
    await cache.observe(observation)
    assert (await record(cache)).seen == 1


async def test_what_was_seen_wrong_outlives_the_answer(cache: QdrantCache) -> None:
    await keep(cache, text="old")
    await cache.observe(seen(point_id("What is the fee?", SCOPE), 0.97, right=False))
    await keep(cache, text="new")
    assert (await record(cache)).wrong_up_to == 0.97
    await cache.forget_answer("acme", "a1", entry=None)
    await keep(cache, text="newer")
    assert (await record(cache)).wrong_up_to == 0.97


async def test_what_was_observed_of_a_persons_entries_goes_with_them(cache: QdrantCache) -> None:
    await keep(cache)
    await cache.observe(seen(point_id("What is the fee?", SCOPE), 0.97, right=False))
    await cache.observe(seen("of somebody else's", 0.9, right=True))
    await cache.forget_user("acme", "ann")
    await keep(cache)
    assert await record(cache) == TrackRecord(tenant_seen=1)


async def test_workers_that_observe_at_once_lose_nothing(
    transport: QdrantTransport, clock: WallClock, collection: str
) -> None:
    workers = [make(transport, clock, collection) for _ in range(4)]
    await keep(workers[0])
    entry = point_id("What is the fee?", SCOPE)
    similarities = [(900 + n) / 1000 for n in range(40)]
    await asyncio.gather(
        *(
            workers[n % 4].observe(seen(entry, similarity, right=bool(n % 2)))
            for n, similarity in enumerate(similarities)
        )
    )
    found = await record(workers[3])
    assert (found.seen, found.wrong_up_to) == (40, similarities[38])


async def test_the_tenants_counts_are_believed_for_a_minute(
    transport: QdrantTransport, clock: WallClock, collection: str
) -> None:
    one, other = make(transport, clock, collection), make(transport, clock, collection)
    await keep(one)
    assert (await record(other)).tenant_seen == 0
    await one.observe(seen("x", 0.9, right=True))
    assert (await record(one)).tenant_seen == 1
    assert (await record(other)).tenant_seen == 0
    clock.now += TALLY_S
    assert (await record(other)).tenant_seen == 1


async def test_a_second_process_finds_the_collection(
    transport: QdrantTransport, clock: WallClock, collection: str
) -> None:
    await keep(make(transport, clock, collection))
    await keep(make(transport, clock, collection), "other", vector=vector(0, 1))
    cache = make(transport, clock, collection)
    assert await cache.lookup("q", vector(1), SCOPE)
    assert await cache.lookup("q", vector(0, 1), SCOPE)


async def test_a_collection_deleted_underneath_is_made_again(
    transport: QdrantTransport, clock: WallClock, cache: QdrantCache, collection: str
) -> None:
    await keep(cache)
    transport.call("DELETE", f"/collections/{collection}", timeout_s=5)
    await keep(cache)
    assert await cache.lookup("q", vector(1), SCOPE)


async def test_another_model_in_the_same_collection_says_what_to_do(
    transport: QdrantTransport, clock: WallClock, collection: str
) -> None:
    await keep(make(transport, clock, collection))
    other = make(transport, clock, collection, dimension=16)
    with pytest.raises(CacheUnavailable, match="QDRANT_COLLECTION"):
        await keep(other, vector=vector(1, dimension=16))
    with pytest.raises(CacheUnavailable, match="QDRANT_COLLECTION"):
        await other.lookup("q", vector(1, dimension=16), SCOPE)


# --- a server that does not serve -----------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


async def test_a_silent_server_costs_the_time_of_a_lookup(
    listener: socket.socket, clock: WallClock
) -> None:
    http = QdrantHttp(f"http://127.0.0.1:{listener.getsockname()[1]}")
    cache = make(http, clock, "c", lookup_s=0.25)
    with pytest.raises(CacheUnavailable, match=r"250 ms|in time"):
        await cache.lookup("q", vector(1), SCOPE)
    http.close()


async def test_no_server_is_bypassed_at_once(clock: WallClock) -> None:
    http = QdrantHttp("http://127.0.0.1:9")
    with pytest.raises(CacheUnavailable, match="check QDRANT_URL"):
        await make(http, clock, "c").lookup("q", vector(1), SCOPE)
    http.close()


class Replies:
    """Answers everything alike."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.reply = QdrantReply(status, body)

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float
    ) -> QdrantReply:
        return self.reply


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {}, "QDRANT_API_KEY"),
        (403, {}, "QDRANT_API_KEY"),
        (500, {"status": {"error": "disk full"}}, "500: disk full"),
        (200, {"result": {"points": [{"score": 1.0, "payload": {}}]}}, "cannot be read"),
        (
            400,
            {"status": {"error": "Vector dimension error: expected dim: 3, got 8"}},
            "QDRANT_COLLECTION",
        ),
    ],
)
async def test_refusals_say_what_to_look_at(
    clock: WallClock, status: int, body: dict[str, Any], words: str
) -> None:
    with pytest.raises(CacheUnavailable, match=words):
        await make(Replies(status, body), clock, "c").lookup("q", vector(1), SCOPE)


async def test_without_a_cache_the_receipt_says_so() -> None:
    with pytest.raises(CacheUnavailable, match="QDRANT_URL is empty"):
        await NoCache().lookup("q", vector(1), SCOPE)
    await NoCache().store("q", vector(1), SCOPE, text="t", passages=[a_passage()], origin=ORIGIN)
    await NoCache().observe(seen("e", 0.9, right=True))
    await NoCache().forget_answer("acme", "a1", entry=None)
    await NoCache().forget_user("acme", "ann")


def test_identities_are_stable_and_differ_by_scope() -> None:
    other = CacheScope(
        tenant="b", groups_hash="g1", corpus_version="v1", model="m1", prompt_version="p1"
    )
    assert point_id("Fee?", SCOPE) == point_id(" fee? ", SCOPE)
    assert point_id("Fee?", SCOPE) != point_id("Fee?", other)
    assert len({point_id(f"q{n}", SCOPE) for n in range(100)}) == 100
