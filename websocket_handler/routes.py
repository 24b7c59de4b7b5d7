"""What each client message leads to: pure decisions over a desk that does the storing.

A route returns what to reply and what to push to others. It knows no AWS and no environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, assert_never

from msgspec import Struct

from copilot.access.allowance import RateLimited
from copilot.answer_log.header import Busy, Header
from copilot.answer_log.judgement import Judgement
from copilot.answer_log.question import Asked, BadQuestion, NewQuestion, check_question
from copilot.errors import RequestError
from copilot.identity import Identity
from copilot.wire import (
    Accepted,
    AnyClientMessage,
    AnyServerEvent,
    Ask,
    Auth,
    Cancel,
    End,
    Error,
    Feedback,
    Hello,
    Limits,
    Noted,
    Ping,
    Pong,
    Rejected,
    Resume,
    Snapshot,
    Welcome,
)

HEARTBEAT_S = 300
"""How often a client should ping: API Gateway closes a socket that is idle for ten minutes."""


class Caller(Struct, frozen=True, kw_only=True):
    """Who sent a frame, from the stored connection."""

    connection_id: str
    identity: Identity
    signed_in: bool = True
    """``False`` once the sign-in has expired: only ``auth`` and ``ping`` are served then."""
    lapsed: bool = False
    """Whether it expired so long ago that the socket is closed unless this frame renews it."""
    credential: str = ""


class Desk(Protocol):
    """What the routes ask to be done; the adapter is ``desk.py``."""

    def identify(self, caller: Caller, client_id: str) -> Caller: ...

    def renew(self, caller: Caller, ticket: str) -> Caller: ...

    def ask(self, question: NewQuestion) -> Asked: ...

    def enqueue(self, answer_id: str, tenant: str) -> None: ...

    def subscribe(self, caller: Caller, answer_id: str) -> Header: ...

    def is_orphaned(self, header: Header) -> bool: ...

    def replay(self, header: Header, epoch: int, after_seq: int) -> list[Snapshot | End]: ...

    def cancel(self, identity: Identity, answer_id: str) -> tuple[Header, End | None]: ...

    def note(self, identity: Identity, answer_id: str, judgement: Judgement) -> None: ...


class Outcome(Struct, frozen=True, kw_only=True):
    """``replies`` go to the caller, in order; ``pushes`` to other connections. ``hang_up``: the
    caller's socket is to be closed then."""

    replies: list[AnyServerEvent] = []
    pushes: list[tuple[str, AnyServerEvent]] = []
    hang_up: bool = False


class Routes:
    """The routes. ``now`` is the wall clock in seconds."""

    def __init__(self, desk: Desk, now: Callable[[], float], questions_per_minute: int) -> None:
        self._desk = desk
        self._now = now
        self._questions_per_minute = questions_per_minute

    def route(self, caller: Caller, message: AnyClientMessage, frame_id: str) -> Outcome:
        """Serve one decoded message; ``frame_id`` names a question that brought no id of its own.

        Every failure that a client can cause becomes a typed reply.
        """
        served = Auth if caller.lapsed else Auth | Ping
        if not caller.signed_in and not isinstance(message, served):
            refusal = _sign_in_again(message, frame_id)
            return Outcome(replies=[refusal], hang_up=caller.lapsed)
        if isinstance(message, Ask):
            return _reply(self._ask(caller, message, message.client_msg_id or frame_id))
        try:
            return self._serve(caller, message)
        except RequestError as error:
            ref = getattr(message, "answer_id", None)
            refusal = Error(code=error.code, message=error.message, ref=ref)
            return Outcome(replies=[refusal], hang_up=caller.lapsed)

    def _serve(
        self, caller: Caller, message: Hello | Resume | Cancel | Feedback | Auth | Ping
    ) -> Outcome:
        match message:
            case Hello(client_id=client_id):
                return self._hello(self._desk.identify(caller, client_id))
            case Resume():
                return self._resume(caller, message)
            case Cancel(answer_id=answer_id):
                return self._cancel(caller, answer_id)
            case Ping(t=t):
                return _reply(Pong(t=t))
            case Feedback():
                return self._feedback(caller, message)
            case Auth(token=ticket):
                return self._hello(self._desk.renew(caller, ticket))
            case _:
                assert_never(message)

    def _hello(self, caller: Caller) -> Outcome:
        return _reply(
            Welcome(
                limits=Limits(questions_per_minute=self._questions_per_minute),
                server_time=self._now(),
                heartbeat_s=HEARTBEAT_S,
                user=caller.identity.user,
            )
        )

    def _ask(self, caller: Caller, message: Ask, client_msg_id: str) -> AnyServerEvent:
        tenant = caller.identity.tenant
        try:
            check_question(message.question)
            asked = self._desk.ask(
                NewQuestion(
                    identity=caller.identity,
                    connection_id=caller.connection_id,
                    client_msg_id=client_msg_id,
                    text=message.question,
                    conversation_id=message.conversation_id,
                    filters=message.filters or {},
                    fresh=message.fresh,
                    parent=message.parent,
                    credential=caller.credential,
                )
            )
        except (BadQuestion, RequestError) as error:
            if isinstance(error, Busy) and error.stalled and self._desk.is_orphaned(error.stalled):
                self._desk.enqueue(error.stalled.answer_id, tenant)
            return Rejected(
                client_msg_id=client_msg_id,
                code=error.code,
                message=error.message,
                retry_after_ms=error.retry_after_ms if isinstance(error, RateLimited) else None,
            )
        if asked.enqueue:
            self._desk.enqueue(asked.answer_id, tenant)
        return Accepted(
            client_msg_id=client_msg_id,
            answer_id=asked.answer_id,
            conversation_id=asked.conversation_id,
        )

    def _resume(self, caller: Caller, message: Resume) -> Outcome:
        header = self._desk.subscribe(caller, message.answer_id)
        if self._desk.is_orphaned(header):
            self._desk.enqueue(header.answer_id, header.identity.tenant)
        return Outcome(replies=[*self._desk.replay(header, message.epoch, message.after_seq)])

    def _cancel(self, caller: Caller, answer_id: str) -> Outcome:
        header, end = self._desk.cancel(caller.identity, answer_id)
        if end is None:
            return Outcome()  # Its worker sends the end with its next flush.
        others = sorted(header.subscribers - {caller.connection_id})
        return Outcome(replies=[end], pushes=[(other, end) for other in others])

    def _feedback(self, caller: Caller, message: Feedback) -> Outcome:
        judgement = Judgement(rating=message.rating, reason=message.reason, comment=message.comment)
        self._desk.note(caller.identity, message.answer_id, judgement)
        return _reply(Noted(answer_id=message.answer_id))


def _reply(event: AnyServerEvent) -> Outcome:
    return Outcome(replies=[event])


def _sign_in_again(message: AnyClientMessage, frame_id: str) -> AnyServerEvent:
    code, text = "auth_expired", "Your sign-in has expired. Sign in again."
    if isinstance(message, Ask):
        named = message.client_msg_id or frame_id
        return Rejected(client_msg_id=named, code=code, message=text)
    return Error(code=code, message=text, ref=getattr(message, "answer_id", None))
