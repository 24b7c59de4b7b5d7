"""Does it work? The page is fetched as a browser does and one question goes over the socket.

It knows no AWS: what it is pointed at is a page's address, in an account or on this machine.
"""

from __future__ import annotations

import asyncio
import re
from typing import TextIO
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from deploy.page import FOREVER
from deploy.problems import Stopped
from local.client.asking import ask_aloud
from local.client.chat_client import ChatClient, ChatError

PATIENCE_S = 300.0
"""How long a new distribution may take until its name is known everywhere, in seconds."""
PAUSE_S = 5.0
_ASSET = re.compile(r'(?:src|href)="(/assets/[^"]+\.js)"')


class PageConfiguration(msgspec.Struct, frozen=True, rename="camel"):
    """What ``config.json`` tells the page. ``api_url`` may be relative to it."""

    websocket_url: str
    api_url: str
    auth_mode: str


class _Ticket(msgspec.Struct):
    ticket: str


async def smoke(
    page_url: str,
    credential: str | None,
    question: str,
    out: TextIO,
    *,
    patience_s: float = PATIENCE_S,
) -> None:
    """Fetch the page, read its configuration, ask, print the streamed answer.

    ``credential`` is an API key or an ID token, where people sign in. The question is answered
    afresh, so that the whole way is tried and not the cache alone.

    Raises:
        Stopped: something on the way does not work; the message says what and where to look.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        await _wait_for(session, page_url, patience_s, out)
        await _check_page(session, page_url)
        configuration = await _configuration(session, page_url)
        print(f"  page {page_url}, socket {configuration.websocket_url}", file=out, flush=True)

        async def ticket() -> str:
            return await _ticket(session, urljoin(page_url, configuration.api_url), credential)

        signs_in = configuration.auth_mode != "none"
        try:
            async with ChatClient(
                configuration.websocket_url,
                origin=_origin(page_url),
                ticket=ticket if signs_in else None,
            ) as client:
                await ask_aloud(client, question, out, fresh=True)
        except aiohttp.WSServerHandshakeError as error:
            raise Stopped(_refused(error.status, page_url)) from error
        except (ChatError, TimeoutError, OSError, aiohttp.ClientError) as error:
            raise Stopped(
                f"The question was not answered: {error or type(error).__name__}. The logs of the "
                "functions say why; docs/operations.md says which to read."
            ) from error


async def _wait_for(
    session: aiohttp.ClientSession, page_url: str, patience_s: float, out: TextIO
) -> None:
    """Wait until the host answers at all."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while True:
        try:
            async with session.get(page_url):
                return
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            if loop.time() + PAUSE_S > until:
                raise Stopped(f"Nothing answers at {page_url}: {error}") from error
            print(f"  {page_url} does not answer yet; waiting ...", file=out, flush=True)
            await asyncio.sleep(PAUSE_S)


async def _check_page(session: aiohttp.ClientSession, page_url: str) -> None:
    index, _ = await _fetch(session, page_url, "the page")
    for path in ("/insights", "/c/any", "/documents/tariffs%2F2025.md"):
        routed, _ = await _fetch(session, urljoin(page_url, path), "a path of the page")
        if routed != index:
            raise Stopped(
                f"{urljoin(page_url, path)} is not answered with index.html, so that links into "
                "the page and reloads break; the distribution has to answer navigations with it."
            )
    assets = _ASSET.findall(index)
    if not assets:
        raise Stopped(f"{page_url} names no script of a build: is that the page?")
    for asset in assets:
        _, cache = await _fetch(session, urljoin(page_url, asset), "a script of the page")
        if cache != FOREVER:
            raise Stopped(f"{urljoin(page_url, asset)} is not kept by browsers: {cache or 'unset'}")


async def _configuration(session: aiohttp.ClientSession, page_url: str) -> PageConfiguration:
    address = urljoin(page_url, "/config.json")
    text, _ = await _fetch(session, address, "the page's configuration")
    try:
        return msgspec.json.decode(text, type=PageConfiguration)
    except msgspec.DecodeError as error:
        raise Stopped(f"{address} is not what the page can read: {error}") from error


async def _fetch(session: aiohttp.ClientSession, url: str, what: str) -> tuple[str, str]:
    async with session.get(url, headers={"Accept": "text/html,*/*"}) as answer:
        text = await answer.text()
        if answer.status != 200:
            raise Stopped(f"{url} ({what}) answers {answer.status}: {text[:200]}")
        return text, answer.headers.get("Cache-Control", "")


async def _ticket(session: aiohttp.ClientSession, api_url: str, credential: str | None) -> str:
    if not credential:
        raise Stopped("People sign in here: set SMOKE_CREDENTIAL to an API key or ID token.")
    address = f"{api_url.rstrip('/')}/tickets"
    headers = {"Authorization": f"Bearer {credential}"}
    async with session.post(address, headers=headers) as answer:
        text = await answer.text()
        if answer.status != 201:
            raise Stopped(f"{address} gives no ticket for SMOKE_CREDENTIAL: {answer.status} {text}")
    return msgspec.json.decode(text, type=_Ticket).ticket


def _origin(page_url: str) -> str:
    address = urlsplit(page_url)
    return f"{address.scheme}://{address.netloc}"


def _refused(status: int, page_url: str) -> str:
    if status in (401, 403):
        return (
            f"The socket is refused ({status}). The parameter AllowedOrigins must list "
            f"{_origin(page_url)}, and SMOKE_CREDENTIAL must be valid where people sign in."
        )
    return f"The socket is refused with status {status}; see the log of WebSocketFunction."
