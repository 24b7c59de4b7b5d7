"""Waiting in queues with several servers, by formula. Pure.

Erlang (1917) for Poisson arrivals and exponential service; Pollaczek and Khinchine for one server
and any service; Allen and Cunneen (1978) to carry both to several servers. D. Gross, J. Shortle,
J. Thompson, C. Harris, Fundamentals of Queueing Theory, chapters 3 and 6.
"""

from __future__ import annotations

import math


class Unstable(ValueError):
    """More arrives than the servers can ever serve."""


def erlang_c(servers: int, offered: float) -> float:
    """The probability of having to wait, M/M/c; ``offered`` is arrivals times mean service.

    Raises:
        Unstable: ``offered`` is not below ``servers``.
    """
    if offered >= servers:
        raise Unstable(f"{offered:.2f} streams at one time need more than {servers} workers")
    blocked = 1.0
    for count in range(1, servers + 1):  # Erlang B, by its recursion: no factorial overflows.
        blocked = offered * blocked / (count + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def mean_wait(
    servers: int, arrivals_per_s: float, mean_s: float, *, variation: float = 1.0
) -> float:
    """Mean seconds of waiting. ``variation`` is the squared coefficient of variation of service.

    Exact for exponential service (1) and for one server with any service; else an approximation.

    Raises:
        Unstable: more arrives than can be served.
    """
    offered = arrivals_per_s * mean_s
    free = servers / mean_s - arrivals_per_s
    return erlang_c(servers, offered) / free * (1 + variation) / 2


def wait_quantile(
    servers: int, arrivals_per_s: float, mean_s: float, share: float, *, variation: float = 1.0
) -> float:
    """The wait that ``share`` of questions do not exceed: an exponential tail behind Erlang's C.

    Raises:
        Unstable: more arrives than can be served.
    """
    waiting = erlang_c(servers, arrivals_per_s * mean_s)
    if waiting <= 1 - share:
        return 0.0
    mean_of_those = mean_wait(servers, arrivals_per_s, mean_s, variation=variation) / waiting
    return mean_of_those * math.log(waiting / (1 - share))


def workers_for(
    arrivals_per_s: float, mean_s: float, *, wait_s: float, share: float, variation: float = 1.0
) -> int:
    """The fewest workers with which ``share`` of questions wait at most ``wait_s``."""
    servers = math.floor(arrivals_per_s * mean_s) + 1
    while wait_quantile(servers, arrivals_per_s, mean_s, share, variation=variation) > wait_s:
        servers += 1
    return servers


def ramp_backlog(
    arrivals_per_s: float, mean_s: float, *, initial: int, per_s: float
) -> tuple[float, float]:
    """Largest backlog and when it is reached, in seconds, while workers grow linearly. Fluid.

    From ``initial`` workers, ``per_s`` more each second, until they keep up with the arrivals:
    the area between the straight line of what arrives and the slope of what is served.
    """
    missing = arrivals_per_s * mean_s - initial
    if missing <= 0:
        return 0.0, 0.0
    seconds = missing / per_s
    return seconds * missing / (2 * mean_s), seconds
