"""The embedded Qdrant through qdrant-client, beside qdrant-client's own in-memory mode."""

from __future__ import annotations

import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

DIMENSION = 8


@contextmanager
def served(path: Path) -> Iterator[QdrantClient]:
    """The process on a free port, as a client sees it; terminated at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.qdrant", "--path", str(path), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    client = QdrantClient(url=process.stdout.readline().strip(), check_compatibility=False)
    try:
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantClient]:
    with served(tmp_path_factory.mktemp("qdrant")) as client:
        yield client


def fill(client: QdrantClient, name: str, count: int = 60) -> None:
    """Points with the shape of the cache's: a scope, an expiry, a number."""
    chance = random.Random(7)
    client.create_collection(
        name, vectors_config=models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
    )
    client.create_payload_index(name, "tenant", models.PayloadSchemaType.KEYWORD)
    client.create_payload_index(name, "expires_at", models.PayloadSchemaType.INTEGER)
    client.upsert(
        name,
        [
            models.PointStruct(
                id=str(uuid.UUID(int=number)),
                vector=[chance.gauss(0, 1) for _ in range(DIMENSION)],
                payload={"tenant": "ab"[number % 2], "expires_at": number, "n": number},
            )
            for number in range(count)
        ],
        wait=True,
    )


def scope(tenant: str, after: int) -> models.Filter:
    return models.Filter(
        must=[
            models.FieldCondition(key="tenant", match=models.MatchValue(value=tenant)),
            models.FieldCondition(key="expires_at", range=models.Range(gt=after)),
        ]
    )


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")
def test_the_same_calls_give_the_same_answers_as_the_client_s_memory_mode(
    local: QdrantClient,
) -> None:
    memory = QdrantClient(":memory:")
    chance = random.Random(11)
    for client in (local, memory):
        fill(client, "congruence")
    for _ in range(20):
        vector = [chance.gauss(0, 1) for _ in range(DIMENSION)]
        chosen = scope(chance.choice("abc"), chance.randrange(60))
        threshold = chance.choice([None, 0.0, 0.3])
        answers = [
            client.query_points(
                "congruence",
                query=vector,
                query_filter=chosen,
                limit=5,
                score_threshold=threshold,
                with_payload=True,
            ).points
            for client in (local, memory)
        ]
        ours, theirs = ([(p.id, p.payload) for p in points] for points in answers)
        assert ours == theirs
        assert [p.score for p in answers[0]] == pytest.approx(
            [p.score for p in answers[1]], abs=1e-5
        )
        assert (
            local.count("congruence", count_filter=chosen).count
            == memory.count("congruence", count_filter=chosen).count
        )
    for client in (local, memory):
        client.delete("congruence", models.FilterSelector(filter=scope("a", 30)), wait=True)
        client.delete("congruence", [str(uuid.UUID(int=1))], wait=True)
    left = [
        {record.id for record in client.scroll("congruence", limit=100)[0]}
        for client in (local, memory)
    ]
    assert left[0] == left[1]
    assert len(left[0]) < 60


def test_a_point_of_the_same_id_is_replaced(local: QdrantClient) -> None:
    fill(local, "replace", count=1)
    point = models.PointStruct(id=str(uuid.UUID(int=0)), vector=[1.0] * DIMENSION, payload={"n": 9})
    local.upsert("replace", [point], wait=True)
    [found] = local.query_points("replace", query=[1.0] * DIMENSION, with_payload=True).points
    assert found.payload == {"n": 9}
    assert found.score == pytest.approx(1.0, abs=1e-6)


def test_collections_are_made_once_and_found_again(local: QdrantClient) -> None:
    fill(local, "once", count=1)
    assert local.collection_exists("once")
    assert not local.collection_exists("never")
    with pytest.raises(UnexpectedResponse) as conflict:
        fill(local, "once")
    assert conflict.value.status_code == 409
    with pytest.raises(UnexpectedResponse) as missing:
        local.query_points("never", query=[1.0] * DIMENSION)
    assert missing.value.status_code == 404
    info = local.get_collection("once")
    assert info.points_count == 1
    local.delete_collection("once")
    assert not local.collection_exists("once")


def test_a_vector_of_another_size_is_refused(local: QdrantClient) -> None:
    fill(local, "size", count=1)
    with pytest.raises(UnexpectedResponse) as refused:
        local.query_points("size", query=[1.0] * (DIMENSION + 1))
    assert refused.value.status_code == 400
    assert "dimension" in refused.value.content.decode()
    with pytest.raises(UnexpectedResponse):
        local.upsert("size", [models.PointStruct(id=1, vector=[1.0], payload={})], wait=True)


def test_a_condition_that_is_not_supported_is_refused_rather_than_ignored(
    local: QdrantClient,
) -> None:
    fill(local, "refuse", count=1)
    is_true = models.FieldCondition(key="flag", match=models.MatchValue(value=True))
    with pytest.raises(UnexpectedResponse, match="booleans"):
        local.count("refuse", models.Filter(must=[is_true]))
    with pytest.raises(UnexpectedResponse):
        local.query_points(
            "refuse",
            query=[1.0] * DIMENSION,
            query_filter=models.Filter(
                must=[models.FieldCondition(key="n", match=models.MatchText(text="x"))]
            ),
        )


def test_what_was_stored_survives_a_restart(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        fill(client, "kept")
    with served(tmp_path) as client:
        assert client.count("kept").count == 60
        assert client.count("kept", count_filter=scope("a", 30)).count == 14


def test_a_port_in_use_is_a_clear_error(tmp_path: Path) -> None:
    with served(tmp_path / "first") as client:
        port = str(client._client.rest_uri.rsplit(":", 1)[1])  # type: ignore[attr-defined]
        second = subprocess.run(
            [sys.executable, "-m", "local.qdrant", "--path", str(tmp_path / "b"), "--port", port],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert second.returncode == 1
    assert f"Cannot serve on 127.0.0.1:{port}" in second.stderr
