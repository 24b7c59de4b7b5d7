"""The stages of a build on Ray: every core of this machine, or of a cluster. An optional extra.

The machines of a cluster need this repository, the model folder and the documents under the same
paths; nothing but items and results travels between them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any, Generic

from embed.engine import In, Out, Stage
from embed.errors import EmbedError

_AHEAD = 4
"""Items that each worker has been given: enough that it never waits for the next one."""


class RayMissing(EmbedError):
    """Ray is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Ray is not installed. Run: pip install 'energycopilot[ray]', or leave --engine out."
        )


class RayUnreachable(EmbedError):
    """There is no cluster at the address."""


class RayEngine:
    """One actor for each worker, each with a stage of its own. ``close`` it, or use ``with``."""

    def __init__(self, workers: int | None = None, *, address: str | None = None) -> None:
        """Start Ray on this machine, or join the cluster at ``address``.

        ``workers`` of ``None`` takes every core there is.

        Raises:
            RayMissing: the extra is not installed.
            RayUnreachable: nothing answers at ``address``.
        """
        try:
            import ray
        except ImportError:
            raise RayMissing from None
        self._ray: Any = ray
        here = {"num_cpus": workers} if address is None and workers else {}
        try:
            ray.init(address=address, include_dashboard=False, log_to_driver=False, **here)
        except (ConnectionError, ValueError) as error:
            raise RayUnreachable(f"No Ray cluster at {address}: {error}") from error
        self._workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster, or stop the one of this machine."""
        self._ray.shutdown()

    def run(self, stage: Stage[In, Out], items: Iterable[In]) -> Generator[Out]:
        """See ``Engine``."""
        remote = self._ray.remote(num_cpus=1)(_Worker)
        actors: list[Any] = []
        under_way: deque[Any] = deque()
        try:
            for number, item in enumerate(items):
                if len(actors) < self._workers:
                    actors.append(remote.remote(stage))
                if len(under_way) == _AHEAD * self._workers:
                    yield self._result(under_way.popleft())
                under_way.append(actors[number % self._workers].run.remote(item))
            while under_way:
                yield self._result(under_way.popleft())
        finally:
            for actor in actors:
                self._ray.kill(actor)

    def _result(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None


class _Worker(Generic[In, Out]):
    """What an actor does."""

    def __init__(self, stage: Stage[In, Out]) -> None:
        self._work: Callable[[In], Out] = stage()

    def run(self, item: In) -> Out:
        return self._work(item)
