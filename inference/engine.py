"""The costly parts of a process, loaded once and on demand: embedder, index, cache."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from inference.ports import AnswerCache, Embedder, Retriever


class EngineUnusable(Exception):
    """Index or embedding model cannot serve. The message says what to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What retrieval needs."""

    embedder: Embedder
    retriever: Retriever
    cache: AnswerCache


class EngineLoader:
    """Loads an engine once; a failure is not kept, so that a repaired index is found again.

    ``build`` blocks and may raise ``EngineUnusable``; ``then`` is called once after it succeeded.
    """

    def __init__(self, build: Callable[[], Engine], then: Callable[[], None]) -> None:
        self._build = build
        self._then = then
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether ``get`` returns without loading."""
        return self._engine is not None

    def get(self) -> Engine:
        """Return the engine, loading it if need be; blocking, safe on any thread.

        Raises:
            EngineUnusable: it cannot be loaded now.
        """
        with self._lock:
            if self._engine is None:
                self._engine = self._build()
                self._then()
            return self._engine

    def start(self) -> None:
        """Begin loading beside the caller; whoever calls ``get`` learns of a failure."""
        threading.Thread(target=self._load_quietly, name="engine", daemon=True).start()

    def _load_quietly(self) -> None:
        try:
            self.get()
        except EngineUnusable:
            return
