"""A person of the model: one browser with tabs, each a socket and the product's own transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.transcript import Transcript
from copilot.wire import (
    Accepted,
    AnyClientMessage,
    AnyServerEvent,
    Ask,
    Cancel,
    Delta,
    End,
    Rejected,
    Resume,
    Snapshot,
    Sources,
    Start,
    decode_event,
    encode_client,
)
from tests.fault.model.network import Socket

if TYPE_CHECKING:
    from tests.fault.model.world import World

Framed = Start | Sources | Delta | Snapshot | End


class Tab:
    """One open page: it follows one answer from asking to its verified end."""

    def __init__(self, world: World, user: str, message_id: str, answer_id: str | None) -> None:
        self._world = world
        self.user = user
        self.message_id = message_id
        self.answer_id = answer_id
        self.conversation_id: str | None = None
        self.socket: Socket | None = None
        self.transcript = self._blank()
        self.terminal = 0
        self.stopped = False
        self.told = False
        self.gone = False
        self.rejected: str | None = None
        self._early: list[Framed] = []

    def _blank(self) -> Transcript | None:
        return None if self.answer_id is None else self._world.rules.transcript(self.answer_id)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to wait for; whoever has stopped it needs no text."""
        if self.gone or (self.stopped and self.told):
            return True
        return self.transcript is not None and self.transcript.end is not None

    # --- what a person does -------------------------------------------------------------------

    def connect(self) -> None:
        """Open a socket and go on where the last one left off."""
        self.socket = self._world.connect(self.user)
        if self.socket is not None:
            self._go_on()

    def ask(self) -> None:
        conversation = self._world.conversation_of(self.message_id)
        self._send(
            Ask(
                client_msg_id=self.message_id,
                text=f"question {self.message_id}",
                conversation_id=conversation,
            )
        )

    def cancel(self) -> None:
        """Stop the answer: from then on this tab never resumes it by itself."""
        assert self.answer_id is not None
        self.stopped = True
        self._send(Cancel(answer_id=self.answer_id))

    def reload(self) -> None:
        """The page begins anew; it remembers only which answer it follows."""
        if self.socket is not None:
            self.socket.cut()
        self.transcript = self._blank()
        self.terminal = 0
        self._early = []
        self.connect()

    def leave(self) -> None:
        """Close the page for good."""
        if self.socket is not None:
            self.socket.cut()
        self.gone = True

    def watch(self) -> None:
        """The watchdog: some seconds went by without a frame."""
        if self.finished or self._world.rules.without_watchdog:
            return
        if self.socket is None or not self.socket.open:
            self.connect()
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self.finished or self.rejected is not None:
            return
        if self.answer_id is None:
            self.ask()
        elif self.stopped:
            self._send(Cancel(answer_id=self.answer_id))
        else:
            self._resume()

    def _resume(self) -> None:
        assert self.transcript is not None
        self._send(
            Resume(
                answer_id=self.transcript.answer_id,
                epoch=self.transcript.epoch,
                after_seq=self.transcript.last_seq,
            )
        )

    def _send(self, message: AnyClientMessage) -> None:
        if self.socket is not None and self.socket.open:
            self.socket.upward.append(encode_client(message))

    # --- what arrives -------------------------------------------------------------------------

    def receive(self, frame: bytes) -> None:
        event: AnyServerEvent = decode_event(frame)
        if isinstance(event, Accepted) and event.client_msg_id == self.message_id:
            self._accepted(event)
        elif isinstance(event, Rejected) and event.client_msg_id == self.message_id:
            # A busy conversation is asked again by the watchdog; anything else is final.
            self.rejected = None if event.code == "busy" else event.code
        elif isinstance(event, Framed):
            if self.transcript is None:
                self._early.append(event)
            elif event.answer_id == self.answer_id:
                self._apply(event)

    def _accepted(self, event: Accepted) -> None:
        self._world.ledger.accepted(self.message_id, event.answer_id)
        if self.answer_id is not None:
            return
        self.answer_id = event.answer_id
        self.conversation_id = event.conversation_id
        self.transcript = self._blank()
        early, self._early = self._early, []
        for kept in early:
            if kept.answer_id == self.answer_id:
                self._apply(kept)

    def _apply(self, event: Framed) -> None:
        assert self.transcript is not None
        self.told = self.told or isinstance(event, End)
        outcome = self.transcript.apply(event)
        self._world.ledger.shown(self.transcript.answer_id, self.transcript.text)
        if outcome == "ended":
            self.terminal += 1
        elif outcome == "resume" and not self.stopped:
            self._resume()
