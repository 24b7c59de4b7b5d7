"""A person who calls the HTTP API's function as API Gateway would, and a worker that answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote

from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.ending import Ending
from copilot.table import Table
from copilot.wire import (
    CacheReceipt,
    Citation,
    ErrorInfo,
    FinalState,
    Receipt,
    Source,
    StageTime,
    Tokens,
)
from http_api import app as entry
from tests.conftest import Time

SOURCE = Source(
    id="1",
    title="Harrow Ridge PPA",
    snippet="…",
    score=1.0,
    document="ppa.md",
    chunk_id="c1",
    page=3,
    url="https://docs.example.com/ppa",
)


class Reply:
    """A response; ``json`` is its decoded body."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.status: int = response["statusCode"]
        self.text: str = response["body"]
        self.headers = {k.lower(): v for k, v in response["headers"].items()}

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Person:
    """Calls the API under one client id (``None``: without one)."""

    def __init__(self, client_id: str | None) -> None:
        self.client_id = client_id

    def call(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        """Send a request; names of ``headers`` have underscores for hyphens."""
        path, _, query = target.partition("?")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.client_id is not None:
            sent["x-client-id"] = self.client_id
        raw = body if isinstance(body, str) else json.dumps(body)
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "ANY /{proxy+}",
            "rawPath": unquote(path),
            "rawQueryString": query,
            "headers": ({"content-type": "application/json"} if body is not None else {}) | sent,
            "queryStringParameters": dict(parse_qsl(query)),
            "requestContext": {
                "http": {"method": method, "path": unquote(path)},
                "requestId": "r1",
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        if body is not None:
            event["body"] = raw
        return Reply(entry.handler(event, None))

    def get(self, target: str, **headers: str) -> Reply:
        return self.call("GET", target, **headers)

    def post(self, target: str, body: Any = None, **headers: str) -> Reply:
        return self.call("POST", target, body, **headers)

    def ask(self, text: str = "How long is the term?", **fields: Any) -> Any:
        """Ask without waiting for the answer: the body of the response."""
        reply = self.post("/chat", {"text": text, **fields})
        assert reply.status in (200, 202), reply.text
        return reply.json


class Worker:
    """Answers questions as the inference function would."""

    def __init__(self, table: Table, time: Time) -> None:
        self._log = AnswerLog(table, time)

    def begin(self, answer_id: str, *texts: str) -> Any:
        """Take the answer and write its sources and some texts."""
        lease = self._log.take(answer_id)
        self._log.flush(lease, 1, [SOURCE])
        for seq, text in enumerate(texts, 2):
            self._log.flush(lease, seq, text)
        return lease

    def finish(
        self,
        lease: Any,
        text: str,
        last_seq: int,
        *,
        state: FinalState = "done",
        reason: str = "stop",
        cache: str = "miss",
        cache_reason: str = "",
        cost: float | None = 0.002,
        total_ms: float = 900.0,
    ) -> None:
        at = text.find("[1]")
        citation = Citation(
            source_id="1",
            document="ppa.md",
            chunk_id="c1",
            at=at,
            quote="The term is 15 years.",
            start=0,
            end=21,
        )
        ending = Ending(
            state=state,
            finish_reason=reason,
            last_seq=last_seq,
            text=text,
            citations=[citation] if at >= 0 else [],
            sources=[SOURCE],
            error=ErrorInfo(code="model_failed", message="It failed.", retryable=True)
            if state == "error"
            else None,
            receipt=Receipt(
                model="gpt-4o-mini",
                corpus_version="v1",
                cache=CacheReceipt(decision=cache, reason=cache_reason),  # type: ignore[arg-type]
                stages=[StageTime(name="embed", ms=3.0)],
                tokens=Tokens(prompt=100, completion=20),
                first_token_ms=total_ms / 3,
                total_ms=total_ms,
                cost_usd=cost,
            ),
        )
        self._log.finish(lease, ending)

    def answer(self, answer_id: str, text: str = "15 years [1].", **ending: Any) -> None:
        """The whole of an answer in one go."""
        self.finish(self.begin(answer_id, text), text, 2, **ending)
