"""Who may connect, and whose answers are shared: tickets, tenants, groups, with sign-in.

Tickets are issued by the product's own code straight into the stack's table.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from copilot.access.tickets import TICKET_TTL_S, Grant, Tickets
from copilot.identity import Identity
from copilot.table import Table
from copilot.wire import Error, Welcome
from local.client.chat_client import ChatClient
from tests.e2e.openai_server import Script
from tests.fault.matrix.case import Shell, case, stack
from tests.fault.matrix.run import NOT_CONNECTED, Asked, Run
from tests.fault.matrix.stacks import PATIENT, UNLIMITED, FaultStack

CITED = Script(tokens=("Harrow Ridge curtailment ", "is compensated [1]."), delay_s=0.05)
CURTAILMENT = "How is curtailment compensated under the Harrow Ridge power purchase agreement?"
STORED_WITHIN_S = 60.0


@stack("signed")
def signed_stack(directory: Path, shell: Shell, undo: ExitStack) -> FaultStack:
    """Nobody connects without a ticket."""
    parameters = {**UNLIMITED, **PATIENT, "AuthMode": "api-key"}
    return FaultStack(directory, shell=shell, parameters=parameters)


def ticket(run: Run, who: Identity, *, age_s: float = 0.0) -> str:
    """A ticket that was issued ``age_s`` seconds ago."""
    client, name = run.stack.table
    grant = Grant(identity=who, expires_at=int(time.time()) + 3_600, credential="test")
    return Tickets(Table(client, name), lambda: time.time() - age_s).issue(grant)


class TicketClient(ChatClient):
    """A client that gets a new ticket for every connection, as the page does."""

    def __init__(self, run: Run, who: Identity) -> None:
        super().__init__(run.stack.websocket_url)
        self._run = run
        self._who = who

    async def connect(self) -> Welcome:
        fresh = await asyncio.to_thread(ticket, self._run, self._who)
        self.url = f"{self._run.stack.websocket_url}?ticket={fresh}"
        return await super().connect()


@asynccontextmanager
async def signed_in(run: Run, who: Identity) -> AsyncIterator[ChatClient]:
    while True:
        client = TicketClient(run, who)
        try:
            await client.__aenter__()
            break
        except NOT_CONNECTED:
            await asyncio.sleep(0.2)
    try:
        yield client
    finally:
        await client.__aexit__(None, None, None)


def somebody(run: Run, tenant: str, *groups: str) -> Identity:
    name = f"{run.random.randrange(10**9)}".translate(str.maketrans("0123456789", "abcdefghij"))
    return Identity(tenant=tenant + name, user=name, groups=groups or ("public",))


@case("27c", "a ticket that is reused, expired, forged or missing", where="signed")
async def bad_tickets(run: Run) -> None:
    ann = somebody(run, "acme")
    good = await asyncio.to_thread(ticket, run, ann)
    old = await asyncio.to_thread(ticket, run, ann, age_s=TICKET_TTL_S + 5)
    url = run.stack.websocket_url
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{url}?ticket={good}"):
            pass
        attempts = {"reused": good, "expired": old, "forged": good[:-4] + "AAAA", "empty": ""}
        for what, value in attempts.items():
            try:
                async with session.ws_connect(f"{url}?ticket={value}"):
                    run.problem(f"a {what} ticket was let in")
            except aiohttp.WSServerHandshakeError as error:
                run.expect(error.status in (401, 403), f"a {what} ticket got {error.status}")


@case("29a", "another tenant, and another group, ask the cached question", where="signed")
async def cached_for_others(run: Run) -> None:
    ann = somebody(run, "acme", "public", "legal")
    colleague = Identity(tenant=ann.tenant, user=ann.user + "x", groups=ann.groups)
    outsider = Identity(tenant=ann.tenant, user=ann.user + "y", groups=("public",))
    stranger = somebody(run, "other", "public", "legal")
    marked = run.question(CITED)
    await _asked_by(run, ann, marked)
    deadline = time.monotonic() + STORED_WITHIN_S
    while await _asked_by(run, colleague, marked) != "hit":  # It is stored after the end is sent.
        if time.monotonic() > deadline:
            run.problem("a colleague never got the cached answer, so that the case shows nothing")
            return
    for who, what in ((outsider, "another group"), (stranger, "another tenant")):
        decision = await _asked_by(run, who, marked)
        run.expect(decision == "miss", f"{what} got a {decision}")


async def _asked_by(run: Run, who: Identity, marked: Asked) -> str:
    """Ask the question as somebody, and return what the cache decided."""
    asked = Asked(marker=marked.marker, text=f"{CURTAILMENT} ({marked.marker})")
    async with signed_in(run, who) as client:
        accepted = await run.ask(client, asked, fresh=False)
        transcript = run.read(accepted.answer_id)
        await run.follow(client, transcript)
    end = transcript.end
    return end.receipt.cache.decision if end and end.receipt else "nothing"


@case("29b", "another tenant resumes and cancels an answer", where="signed")
async def somebody_elses_tenant(run: Run) -> None:
    ann = somebody(run, "acme")
    same_name = Identity(tenant=ann.tenant + "z", user=ann.user, groups=ann.groups)
    async with signed_in(run, ann) as client, signed_in(run, same_name) as other:
        accepted = await run.ask(client, run.question(run.words(60)))
        transcript = run.read(accepted.answer_id)
        await run.until(client, transcript, run.random.randint(1, 20))
        run.strike()
        resume = {"epoch": 0, "after_seq": 0}
        for action, fields in (("resume", resume), ("cancel", {})):
            frame = {"action": action, "answer_id": accepted.answer_id, **fields}
            await other.send(json.dumps(frame))
            event = await other.receive(30)
            code = event.code if isinstance(event, Error) else type(event).__name__
            run.expect(code == "unknown_answer", f"{action} got {code}")
        await run.follow(client, transcript)
