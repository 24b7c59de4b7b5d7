"""The answer log, the reader's side: chunks, and the snapshot pages of a resume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from copilot.answer_log.header import AnswerExpired, Header
from copilot.table import Table, answer_pk, chunk_sk, decode
from copilot.wire import MAX_SNAPSHOT_BYTES, End, Snapshot, Source


class Chunk(Struct, frozen=True, kw_only=True):
    """One stored flush: text, or the sources."""

    seq: int
    text: str = ""
    sources: list[Source] = []


def read_chunks(table: Table, header: Header, from_seq: int) -> list[Chunk]:
    """Read the chunks ``from_seq..header.last_seq`` of the header's epoch, in order."""
    if from_seq > header.last_seq:
        return []
    pages = table.client.get_paginator("query").paginate(
        TableName=table.name,
        KeyConditionExpression="PK = :pk AND SK BETWEEN :from AND :to",
        ExpressionAttributeValues={
            ":pk": {"S": answer_pk(header.answer_id)},
            ":from": {"S": chunk_sk(header.epoch, from_seq)},
            ":to": {"S": chunk_sk(header.epoch, header.last_seq)},
        },
        ConsistentRead=True,
    )
    chunks = []
    for page in pages:
        for raw in page["Items"]:
            item = table.opened(header.identity.tenant, decode(raw))
            seq = int(item["SK"].rsplit("#", 1)[1])
            if item["kind"] == "sources":
                sources = msgspec.json.decode(item["body"], type=list[Source])
                chunks.append(Chunk(seq=seq, sources=sources))
            else:
                chunks.append(Chunk(seq=seq, text=item["body"]))
    return chunks


def joined_text(chunks: Sequence[Chunk]) -> str:
    """The text of the chunks, in order."""
    return "".join(chunk.text for chunk in chunks)


def replay(table: Table, header: Header, *, epoch: int, after_seq: int) -> list[Snapshot | End]:
    """What a client that has ``(epoch, after_seq)`` misses: snapshot pages, then the end if final.

    A client on an older epoch gets the newer one from its beginning.

    Raises:
        AnswerExpired: the chunks have been deleted; the conversation holds the text.
    """
    from_seq = after_seq + 1 if epoch == header.epoch else 1
    chunks = read_chunks(table, header, from_seq)
    if len(chunks) != max(0, header.last_seq - from_seq + 1):
        raise AnswerExpired("This answer can no longer be streamed; open its conversation instead.")
    events: list[Snapshot | End] = list(snapshot_pages(header, chunks, from_seq))
    if header.end is not None:
        events.append(msgspec.json.decode(header.end, type=End))
    return events


def snapshot_pages(header: Header, chunks: Sequence[Chunk], from_seq: int) -> Iterator[Snapshot]:
    """Cut chunks into pages whose text and sources stay within ``MAX_SNAPSHOT_BYTES``.

    A chunk is never divided: a flush is smaller than a page. No chunks give one empty page.
    """
    pages = _paginate(chunks)
    first = from_seq
    for number, page in enumerate(pages):
        last = page[-1].seq if page else first - 1
        yield Snapshot(
            answer_id=header.answer_id,
            epoch=header.epoch,
            from_seq=first,
            to_seq=last,
            text=joined_text(page),
            sources=[source for chunk in page for source in chunk.sources],
            state=header.state,
            more=number < len(pages) - 1,
        )
        first = last + 1


def _paginate(chunks: Sequence[Chunk]) -> list[list[Chunk]]:
    pages: list[list[Chunk]] = [[]]
    size = 0
    for chunk in chunks:
        weight = len(msgspec.json.encode(chunk))
        if pages[-1] and size + weight > MAX_SNAPSHOT_BYTES:
            pages.append([])
            size = 0
        pages[-1].append(chunk)
        size += weight
    return pages
