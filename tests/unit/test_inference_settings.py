"""Settings of the inference function, and what its entry point may import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from copilot.configuration import SettingsError
from inference.bootstrap import chat_model, hit_check
from inference.cache.model_hit_check import ModelHitCheck
from inference.cache.no_cache import NoCache
from inference.cache.qdrant_cache import QdrantCache
from inference.chat_models.chat_model import OpenAIChatModel
from inference.chat_models.extractive_model import ExtractiveModel
from inference.chat_models.langchain_model import LangchainChatModel
from inference.clock import SystemClock
from inference.engine import EngineUnusable
from inference.engine_builder import answer_cache, load_engine, reranked
from inference.retrieval.reranking_retriever import DEPTH
from inference.retrieval.selection import PER_DOCUMENT
from inference.settings import VARIABLES, Settings
from tests.fakes import FakeModel, FakeRetriever, a_passage
from tests.tiny_cross_encoder import write_cross_encoder

REQUIRED = {
    "TABLE_NAME": "copilot",
    "QUEUE_URL": "https://sqs/q",
    "WEBSOCKET_ENDPOINT": "https://api/dev",
}


def settings(**changes: str) -> Settings:
    return Settings.of({**REQUIRED, **changes})


def test_defaults() -> None:
    made = settings()
    assert made.index_dir == Path("faiss_index")
    assert made.cache_threshold == 0.7
    assert made.cache_ttl_s == 7 * 86_400
    assert made.flush_window_s == 0.112
    assert made.retrieved_passages == 6
    assert made.passages_per_document == PER_DOCUMENT
    assert made.reranked_passages == DEPTH
    assert made.recency_weight == 0
    assert made.reranker_dir is None


def test_every_declared_variable_becomes_a_setting() -> None:
    assert len(VARIABLES) == len(Settings.__struct_fields__)


@pytest.mark.parametrize("name", REQUIRED)
def test_what_must_be_set_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CACHE_THRESHOLD", "0.2"),
        ("CACHE_THRESHOLD", "high"),
        ("CACHE_LOOKUP_MS", "0"),
        ("CACHE_TTL_DAYS", "-1"),
        ("RETRIEVED_PASSAGES", "0"),
        ("PASSAGES_PER_DOCUMENT", "-1"),
        ("RECENCY_WEIGHT", "2"),
        ("RERANKED_PASSAGES", "0"),
        ("FLUSH_WINDOW_MS", "5"),
        ("CHAT_MODEL", "gpt-4o"),
        ("CHAT_MODEL", "anthropic:"),
    ],
)
def test_what_is_malformed_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: value})


@pytest.mark.parametrize(
    ("changes", "kind", "name"),
    [
        ({}, ExtractiveModel, "extractive"),
        ({"OPENAI_API_KEY": "sk"}, OpenAIChatModel, "gpt-4o-mini"),
        ({"OPENAI_SECRET_ARN": "arn:x", "OPENAI_MODEL": "gpt-x"}, OpenAIChatModel, "gpt-x"),
        ({"OPENAI_BASE_URL": "http://localhost:11434/v1"}, OpenAIChatModel, "gpt-4o-mini"),
        ({"CHAT_MODEL": "anthropic:x", "OPENAI_API_KEY": "sk"}, LangchainChatModel, "anthropic:x"),
    ],
)
def test_the_model_that_answers(changes: dict[str, str], kind: type, name: str) -> None:
    model = chat_model(settings(**changes), SystemClock())
    assert (type(model), model.name) == (kind, name)


def test_the_cache_that_is_asked() -> None:
    assert isinstance(answer_cache(settings(), SystemClock(), 3), NoCache)
    made = answer_cache(settings(QDRANT_URL="http://localhost:6333"), SystemClock(), 3)
    assert isinstance(made, QdrantCache)


def test_passages_stay_in_their_order_without_a_cross_encoder() -> None:
    plain = FakeRetriever()
    assert reranked(plain, settings()) is plain


def test_the_cross_encoder_that_the_settings_name_orders_the_passages(tmp_path: Path) -> None:
    plain = FakeRetriever(
        [
            a_passage(1, text="Nothing of it.", score=0.9),
            a_passage(2, text="The charge of winter.", score=0.8),
        ]
    )
    folder = write_cross_encoder(tmp_path / "reranker", ["the charge of winter", "nothing of it"])
    retriever = reranked(plain, settings(RERANKER_DIR=str(folder)))
    vector = np.zeros(3, dtype=np.float32)
    found = retriever.retrieve("winter charge", vector, k=1, groups=frozenset({"public"}))
    assert [p.text for p in found] == ["The charge of winter."]


def test_an_engine_without_its_cross_encoder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineUnusable, match="RERANKER_DIR"):
        load_engine(settings(RERANKER_DIR=str(tmp_path / "nothing")), SystemClock())


def test_the_entry_point_imports_nothing_heavy() -> None:
    """Whatever is imported here is paid for by every cold start, before anything happens."""
    heavy = "openai langchain langchain_core qdrant_client pydantic faiss onnxruntime httpx torch"
    script = (
        "import sys, inference.app\n"
        f"found = set('{heavy}'.split()) & {{name.split('.')[0] for name in sys.modules}}\n"
        "sys.exit(f'imported: {sorted(found)}' if found else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_the_greatest_error_rate_of_the_cache_is_a_share_or_nothing() -> None:
    assert settings().cache_max_error_rate is None
    assert settings(CACHE_MAX_ERROR_RATE="0").cache_max_error_rate == 0.0
    assert settings(CACHE_MAX_ERROR_RATE="0.02").cache_max_error_rate == 0.02
    with pytest.raises(SettingsError, match="CACHE_MAX_ERROR_RATE"):
        settings(CACHE_MAX_ERROR_RATE="2")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CACHE_HIT_CHECK", "empty or model"),
        ("OPENAI_CLIENT", "stream or sdk"),
        ("AWS_CLIENT", "direct or boto3"),
        ("RETRIEVER", "faiss or qdrant"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused_with_those_that_do(name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be {words}, not 'crystal ball'"):
        settings(**{name: "crystal ball"})


def test_the_language_model_checks_hits_only_where_there_is_one() -> None:
    asked = settings(CACHE_HIT_CHECK="model")
    clock = SystemClock()
    assert isinstance(hit_check(asked, FakeModel([]), clock), ModelHitCheck)
    assert hit_check(settings(), FakeModel([]), clock) is None
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        hit_check(asked, ExtractiveModel(None), clock)


@pytest.mark.parametrize(
    ("given", "price"),
    [
        ({}, (0.15, 0.60)),
        ({"OPENAI_MODEL": "gpt-unheard-of"}, None),
        ({"OPENAI_BASE_URL": "https://models.example"}, None),
        ({"CHAT_MODEL": "anthropic:claude"}, None),
        ({"CHAT_MODEL": "a:b", "PROMPT_PRICE": "3", "COMPLETION_PRICE": "15"}, (3, 15)),
    ],
)
def test_a_price_is_known_or_set_and_never_guessed(
    given: dict[str, str], price: tuple[float, float] | None
) -> None:
    found = settings(**given).price
    assert price == (found and (found.prompt, found.completion))


def test_one_price_alone_is_refused() -> None:
    with pytest.raises(SettingsError, match="belong together"):
        settings(PROMPT_PRICE="3")


def test_qdrant_as_the_retriever_needs_a_server() -> None:
    with pytest.raises(SettingsError, match="QDRANT_URL"):
        settings(RETRIEVER="qdrant")
    with pytest.raises(SettingsError, match="faiss or qdrant"):
        settings(RETRIEVER="elastic")
    chosen = settings(RETRIEVER="qdrant", QDRANT_URL="http://q:6333")
    assert (chosen.retriever, chosen.qdrant_index) == ("qdrant", "energycopilot-index")
    assert settings().retriever == "faiss"


def test_without_the_uploaded_vectors_the_engine_says_what_to_run() -> None:
    """Nothing listens there, so the vectors cannot be found."""
    broken = settings(RETRIEVER="qdrant", QDRANT_URL="http://127.0.0.1:9")
    with pytest.raises(EngineUnusable, match="RETRIEVER=qdrant needs it"):
        load_engine(broken, SystemClock())
