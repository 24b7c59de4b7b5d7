"""Routes of the indexed documents."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from http_api.documentation import answers
from http_api.models.base import Health
from http_api.models.documents import ChunkInContext, ChunkPage, Document, DocumentPage
from http_api.paging import Cursor, Limit
from http_api.paths import decoded
from http_api.request import caller, services

router = APIGatewayHttpRouter()

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
DocumentId = Annotated[
    str,
    Path(max_length=500, pattern=_PRINTABLE, description="Percent-encoded, slashes included."),
]
Offset = Annotated[int | None, Query(ge=0, description="A character of the document's text.")]


@router.get(
    "/health",
    summary="Whether the API runs",
    operation_id="health",
    tags=["service"],
    responses=answers(Health, 503, public=True),
    security=[{}],
)
def health() -> Health:
    return services(router).documents.health()


@router.get(
    "/documents",
    summary="List what is indexed",
    operation_id="listDocuments",
    tags=["documents"],
    responses=answers(DocumentPage, 503),
)
def list_documents(
    q: Annotated[
        str | None, Query(max_length=200, description="Words of the title or the id.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 30,
) -> DocumentPage:
    return services(router).documents.page(caller(router), q, cursor, limit)


@router.get(
    "/documents/<document>",
    summary="Read what is known of a document",
    operation_id="getDocument",
    tags=["documents"],
    responses=answers(Document, 404, 503),
)
def get_document(document: DocumentId) -> Document:
    return services(router).documents.get(caller(router), decoded(document))


@router.get(
    "/documents/<document>/chunks",
    summary="Read a document, chunk by chunk",
    operation_id="listChunks",
    tags=["documents"],
    responses=answers(ChunkPage, 404, 503),
)
def list_chunks(document: DocumentId, cursor: Cursor = None, limit: Limit = 30) -> ChunkPage:
    return services(router).documents.chunks(caller(router), decoded(document), cursor, limit)


@router.get(
    "/documents/<document>/chunks/<n>",
    summary="Read a chunk between its neighbours",
    operation_id="getChunk",
    tags=["documents"],
    responses=answers(ChunkInContext, 404, 503),
)
def get_chunk(
    document: DocumentId,
    n: Annotated[
        str, Path(max_length=200, pattern=_PRINTABLE, description="Number from 0, or a chunk_id.")
    ],
    start: Offset = None,
    end: Offset = None,
) -> ChunkInContext:
    return services(router).documents.chunk(
        caller(router), decoded(document), decoded(n), start, end
    )
