"""The plain container function: answers questions from SQS, one after another.

Environment: ``WEBSOCKET_ENDPOINT``, ``INDEX_DIR`` (made by ``build_index``), ``QDRANT_URL`` (empty:
in memory), ``OPENAI_BASE_URL``, ``OPENAI_API_KEY``, ``OPENAI_MODEL``, ``TABLE_NAME``.
"""

from __future__ import annotations

import json
import os
import uuid

import boto3
from langchain_community.vectorstores import FAISS
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, PointStruct, VectorParams

from benchmarks.plain.embeddings import MiniLm

THRESHOLD = 0.65
COLLECTION = "cache"
DIMENSION = 384
PASSAGES = 6

PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "Answer from these passages and cite their numbers.\n\n{passages}"),
        ("user", "{question}"),
    ]
)

dynamodb = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
management = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["WEBSOCKET_ENDPOINT"])
qdrant = (
    QdrantClient(url=os.environ["QDRANT_URL"])
    if os.environ.get("QDRANT_URL")
    else (QdrantClient(":memory:"))
)

_embeddings: MiniLm | None = None
_store: FAISS | None = None


def embeddings() -> MiniLm:
    global _embeddings
    if _embeddings is None:
        _embeddings = MiniLm()
    return _embeddings


def store() -> FAISS:
    """The vector store, loaded by the first question."""
    global _store
    if _store is None:
        _store = FAISS.load_local(
            os.environ["INDEX_DIR"], embeddings(), allow_dangerous_deserialization=True
        )
        if not qdrant.collection_exists(COLLECTION):
            qdrant.create_collection(
                COLLECTION, VectorParams(size=DIMENSION, distance=Distance.COSINE)
            )
    return _store


def retrieve(vector: list[float]) -> list[str]:
    """The text of the passages nearest to the question."""
    found = store().similarity_search_by_vector(vector, k=PASSAGES)
    return [f"{document.metadata['title']}\n{document.page_content}" for document in found]


def cached(vector: list[float]) -> str | None:
    """The answer of a question that is near enough."""
    found = qdrant.query_points(
        COLLECTION, query=vector, limit=1, score_threshold=THRESHOLD, with_payload=True
    ).points
    return found[0].payload["answer"] if found and found[0].payload else None


def keep(vector: list[float], question: str, answer: str) -> None:
    payload = {"question": question, "answer": answer}
    qdrant.upsert(COLLECTION, [PointStruct(id=str(uuid.uuid4()), vector=vector, payload=payload)])


def post(connection_id: str, message: dict[str, str]) -> None:
    management.post_to_connection(ConnectionId=connection_id, Data=json.dumps(message).encode())


def answer(connection_id: str, question: str) -> None:
    """Answer one question, token by token."""
    store()
    vector = embeddings().embed_query(question)
    known = cached(vector)
    if known is not None:
        post(connection_id, {"type": "token", "text": known})
    else:
        passages = "\n\n".join(f"[{n}] {text}" for n, text in enumerate(retrieve(vector), start=1))
        chain = PROMPT | ChatOpenAI(model=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"))
        text = ""
        for chunk in chain.stream({"passages": passages, "question": question}):
            if chunk.content:
                text += str(chunk.content)
                post(connection_id, {"type": "token", "text": str(chunk.content)})
        keep(vector, question, text)
        known = text
    post(connection_id, {"type": "end"})
    dynamodb.put_item(
        Item={
            "PK": f"CONN#{connection_id}",
            "SK": f"MSG#{uuid.uuid4()}",
            "question": question,
            "answer": known,
        }
    )


def handler(event: dict, context: object) -> None:
    """Answer a batch of SQS messages, one after another."""
    for record in event["Records"]:
        body = json.loads(record["body"])
        answer(body["connection_id"], body["question"])
