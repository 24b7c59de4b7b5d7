"""The costly parts of a process, loaded once and on demand: embedder, index, cache."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from inference.ports import AnswerCache, Embedder, Retriever

LOOK_S = 0.25
"""How long a turn waits for the news whether there is a newer index."""

LOAD_S = 5.0
"""How long a turn waits for a newer index that is being loaded; then it takes the one there is."""


class EngineUnusable(Exception):
    """Index or embedding model cannot serve. The message says what to run."""


class Engine(Struct, frozen=True, kw_only=True):
    """What retrieval needs."""

    embedder: Embedder
    retriever: Retriever
    cache: AnswerCache


class Newer(Protocol):
    """Where newer engines come from. Called by one thread at a time."""

    @property
    def is_due(self) -> bool:
        """Whether it is time to look again."""

    def has_moved(self) -> bool:
        """Whether there may be a newer one; blocking, one small request."""

    def load(self, engine: Engine) -> Engine | None:
        """The newer one, made of ``engine``; ``None`` where there is none that can serve."""


class EngineLoader:
    """Loads an engine once; a failure is not kept, so that a repaired index is found again.

    ``build`` blocks and may raise ``EngineUnusable``; ``then`` is called once after it succeeded.
    ``newer`` is where newer engines come from; ``None``: from nowhere.
    """

    def __init__(
        self,
        build: Callable[[], Engine],
        then: Callable[[], None] | None = None,
        newer: Newer | None = None,
    ) -> None:
        self._build = build
        self._then = then
        self._newer = newer
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._handing_over = threading.Lock()
        self._settled = threading.Event()
        self._settled.set()
        self._loading = False

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
                engine = self._build()
                with self._handing_over:
                    self._engine = engine
                    then = self._then
                if then is not None:
                    then()
            return self._engine

    def afterwards(self, then: Callable[[], None]) -> None:
        """Call ``then`` once the engine is loaded: at once where it is. Does not wait for it."""
        with self._handing_over:
            self._then = then
            is_loaded = self._engine is not None
        if is_loaded:
            then()

    def newest(self) -> Engine:
        """As ``get``, but where ``refresh`` is at it, wait for a moment for the newer one.

        A turn that keeps what it got has one index from its beginning to its end.
        """
        if not self._settled.wait(LOOK_S) and self._loading:
            self._settled.wait(LOAD_S)
        return self.get()

    def start(self) -> None:
        """Begin loading beside the caller; whoever calls ``get`` learns of a failure."""
        threading.Thread(target=self._load_quietly, name="engine", daemon=True).start()

    def refresh(self) -> threading.Thread | None:
        """Where it is time to, begin to look for a newer engine beside the caller, and to load it.

        Returns the thread that does. Questions that have an engine keep theirs.
        """
        newer = self._newer
        if newer is None or self._engine is None or not self._settled.is_set() or not newer.is_due:
            return None
        self._settled.clear()
        thread = threading.Thread(target=self._refresh, args=(newer,), name="index", daemon=True)
        thread.start()
        return thread

    def _refresh(self, newer: Newer) -> None:
        try:
            engine = self._engine
            if engine is None or not newer.has_moved():
                return
            self._loading = True
            found = newer.load(engine)
            # Let go of the old one before anybody is told, so that its last reader frees it.
            del engine
            if found is not None:
                self._engine = found
        finally:
            self._loading = False
            self._settled.set()

    def _load_quietly(self) -> None:
        try:
            self.get()
        except EngineUnusable:
            return
