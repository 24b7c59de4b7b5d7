"""A whole answer over the real stack whose vectors are in Qdrant."""

from __future__ import annotations

from pathlib import Path

from embed.qdrant_upload import upload
from inference.qdrant.http import QdrantHttp
from local.client.chat_client import ChatClient
from tests.e2e.local_stack import LocalStack
from tests.integration.qdrant_process import qdrant_at

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How long is the notice period of the Harrow Ridge power purchase agreement?"


async def test_an_answer_comes_with_sources_that_qdrant_found(tmp_path: Path) -> None:
    with qdrant_at(tmp_path / "qdrant") as url:
        upload(ROOT / "faiss_index", QdrantHttp(url), "energycopilot-index")
        shell, parameters = {"QDRANT_URL": url}, {"Retriever": "qdrant"}
        with LocalStack(tmp_path / "state", shell=shell, parameters=parameters) as stack:
            async with ChatClient(stack.websocket_url) as client:
                accepted = await client.ask(QUESTION, fresh=True)
                transcript = await client.follow(accepted.answer_id)
    assert transcript.end is not None
    assert transcript.end.state == "done", transcript.end.error
    assert "harrow-ridge" in transcript.sources[0].document
    assert transcript.end.citations
