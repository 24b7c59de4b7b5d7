"""Builds engines: the first one of a process, and one around each newer index.

A part of the composition root (``bootstrap``). Nothing heavy is imported here.
"""

from __future__ import annotations

import functools
import logging
import tempfile
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from copilot.index_bundle.manifest import IndexUnusable
from inference.engine import Engine, EngineUnusable
from inference.ports import AnswerCache, Clock, Embedder, Retriever
from inference.settings import Settings

if TYPE_CHECKING:
    from copilot.index_bundle.manifest import IndexManifest
    from copilot.index_bundle.published import PublishedIndex
    from copilot.sealing.data_keys import KeyService
    from copilot.sealing.sealer import Sealer
    from inference.retrieval.faiss_retriever import FaissRetriever
    from inference.retrieval.qdrant_vectors import QdrantVectors

IMPORTS_S = 10.0
"""How long another thread's imports are waited for; it failed, if they take longer."""

logger = logging.getLogger(__name__)


class EngineBuilder:
    """Builds what the settings name. Implements ``engine.Newer`` where they name a bucket."""

    def __init__(
        self, settings: Settings, clock: Clock, clients: threading.Event | None = None
    ) -> None:
        """``clients`` is set once another thread has imported ``copilot.aws_clients``; ``None``
        where none is about to."""
        self._settings = settings
        self._clock = clock
        self._published = None
        if settings.index_bucket:
            self._published = published_index(settings, clock, clients)
        self._bundle = settings.index_dir

    @property
    def follows(self) -> bool:
        """Whether there can be a newer engine."""
        return self._published is not None

    def build(self) -> Engine:
        """Open the embedding model, the current index and, where the settings name one, the
        cross-encoder.

        Raises:
            EngineUnusable: one is missing, damaged, or not made for the other; says what to run.
        """
        from inference.encoders.onnx_embedder import OnnxEmbedder
        from inference.encoders.onnx_model import ModelUnusable

        try:
            if self._published is None:
                embedder = OnnxEmbedder(self._settings.model_dir)
            else:
                # The index is on its way while the model loads.
                with ThreadPoolExecutor(1, thread_name_prefix="index") as beside:
                    fetching = beside.submit(self._published.first)
                    embedder = OnnxEmbedder(self._settings.model_dir)
                    self._bundle = fetching.result()
            retriever = self._open_first(embedder)
            cache = answer_cache(self._settings, self._clock, embedder.dimension)
            ordered = reranked(retriever, self._settings)
        except (ModelUnusable, IndexUnusable) as error:
            raise EngineUnusable(str(error)) from error
        return Engine(embedder=embedder, retriever=ordered, cache=cache)

    @property
    def is_due(self) -> bool:
        """See ``engine.Newer``."""
        return self._published is not None and self._published.is_due

    def has_moved(self) -> bool:
        """See ``engine.Newer``."""
        return self._published is not None and self._published.has_moved()

    def load(self, engine: Engine) -> Engine | None:
        """See ``engine.Newer``. The embedder and the cache stay; the bundle of ``engine`` is
        deleted when the last turn that reads it has ended."""
        assert self._published is not None
        bundle = self._published.fetch()
        if bundle is None or bundle == self._bundle:
            return None
        try:
            retriever = self._open(bundle, engine.embedder)
        except IndexUnusable as error:
            logger.error("index unusable", extra={"reason": str(error)})
            self._published.discard(bundle)
            return None
        self._bundle = bundle
        logger.info("index changed", extra={"corpus_version": retriever.corpus_version})
        return replace(engine, retriever=reranked(retriever, self._settings))

    def _open_first(self, embedder: Embedder) -> FaissRetriever:
        if self._bundle == self._settings.index_dir:
            return self._open(self._bundle, embedder)
        try:
            return self._open(self._bundle, embedder)
        except IndexUnusable as error:
            logger.error("index unusable", extra={"reason": str(error)})
            self._bundle = self._settings.index_dir
            return self._open(self._bundle, embedder)

    def _open(self, bundle: Path, embedder: Embedder) -> FaissRetriever:
        from inference.retrieval.faiss_retriever import FaissRetriever
        from inference.retrieval.selection import Choices

        choices = Choices(
            per_document=self._settings.passages_per_document,
            recency_weight=self._settings.recency_weight,
        )
        dense = qdrant_vectors(self._settings, bundle)
        retriever = FaissRetriever.open(bundle, embedder, choices, dense=dense)
        if self._published is not None and bundle != self._settings.index_dir:
            retriever.store.read_documents()
            # What is mapped outlives its file, so a search that still runs is not disturbed.
            weakref.finalize(retriever, self._published.discard, bundle).atexit = False
        return retriever


def load_engine(settings: Settings, clock: Clock) -> Engine:
    """The engine that the settings name.

    Raises:
        EngineUnusable: see ``EngineBuilder.build``.
    """
    return EngineBuilder(settings, clock).build()


def _scratch() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        # Nothing can be written anywhere: the index in the image needs no space.
        return Path("/tmp")  # noqa: S108


def published_index(
    settings: Settings, clock: Clock, clients: threading.Event | None
) -> PublishedIndex:
    """The bucket's index, as the settings name it."""
    from copilot.index_bundle.bucket import IndexBucket
    from copilot.index_bundle.published import PublishedIndex

    def bucket() -> IndexBucket:
        if clients is not None:
            clients.wait(IMPORTS_S)
        from botocore.config import Config

        from copilot.aws_clients import aws_clients

        config = Config(
            retries={"total_max_attempts": 2, "mode": "standard"},
            connect_timeout=1,
            read_timeout=5,
        )
        return IndexBucket(aws_clients().client("s3", config=config), settings.index_bucket)

    return PublishedIndex(
        bucket,
        shipped=settings.index_dir,
        folder=_scratch() / "indexes",
        monotonic=clock.monotonic,
        every_s=settings.index_check_s,
    )


def qdrant_vectors(
    settings: Settings, bundle: Path
) -> Callable[[IndexManifest], QdrantVectors] | None:
    """What opens the vectors of ``bundle`` in Qdrant; ``None`` where they are the bundle's own."""
    if settings.retriever != "qdrant":
        return None
    from inference.qdrant.http import QdrantHttp
    from inference.retrieval.qdrant_vectors import QdrantVectors

    transport = QdrantHttp(settings.qdrant_url, api_key=settings.qdrant_api_key)
    return lambda manifest: QdrantVectors(transport, settings.qdrant_index, manifest, bundle)


def reranked(retriever: Retriever, settings: Settings) -> Retriever:
    """``retriever`` under the cross-encoder of the settings; itself where they name none.

    Raises:
        RerankerUnusable: the folder is missing or damaged.
    """
    if settings.reranker_dir is None:
        return retriever
    from inference.encoders.cross_encoder import OnnxCrossEncoder
    from inference.retrieval.reranking_retriever import RerankingRetriever

    return RerankingRetriever(
        retriever,
        OnnxCrossEncoder(settings.reranker_dir),
        depth=settings.reranked_passages,
        per_document=settings.passages_per_document,
    )


def cache_sealer(settings: Settings, clock: Clock) -> Sealer:
    """What seals the words of cached answers; with a key it has clients of its own."""
    from copilot.sealing.sealer import UNSEALED

    if not settings.kms_key_id:
        return UNSEALED
    from botocore.config import Config

    from copilot.aws_clients import aws_clients
    from copilot.sealing.choosing import sealer_of

    config = Config(
        retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=1, read_timeout=2
    )
    clients = aws_clients()
    return sealer_of(
        settings.kms_key_id,
        lambda: cast("KeyService", clients.client("kms", config=config)),
        clients.client("dynamodb", config=config),
        settings.table_name,
        clock.time,
    )


def answer_cache(settings: Settings, clock: Clock, dimension: int) -> AnswerCache:
    """The semantic cache that the settings name."""
    if not settings.qdrant_url:
        from inference.cache.no_cache import NoCache

        return NoCache()
    from inference.cache.qdrant_cache import QdrantCache
    from inference.qdrant.http import QdrantHttp

    return QdrantCache(
        QdrantHttp(settings.qdrant_url, api_key=settings.qdrant_api_key),
        clock,
        collection=settings.qdrant_collection,
        dimension=dimension,
        threshold=settings.cache_threshold,
        ttl_s=settings.cache_ttl_s,
        lookup_s=settings.cache_lookup_s,
        # Made by the first answer that is read or kept: the engine loads before any client is.
        sealer=functools.cache(lambda: cache_sealer(settings, clock)),
    )
