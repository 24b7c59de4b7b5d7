"""Routes of conversations."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from http_api.documentation import answers, failures
from http_api.models.base import Id
from http_api.models.conversations import (
    Conversation,
    ConversationChange,
    ConversationPage,
    ConversationSummary,
    DeletedConversation,
    NewConversation,
    SearchPage,
)
from http_api.paging import Cursor, Limit
from http_api.request import caller, services
from http_api.services import ExportFormat

router = APIGatewayHttpRouter()

ConversationId = Annotated[Id, Path()]


@router.get(
    "/conversations",
    summary="List conversations, pinned ones first, then the newest",
    operation_id="listConversations",
    tags=["conversations"],
    responses=answers(ConversationPage),
)
def list_conversations(cursor: Cursor = None, limit: Limit = 30) -> ConversationPage:
    return services(router).conversations.page(caller(router), cursor, limit)


@router.post(
    "/conversations",
    summary="Make an empty conversation",
    operation_id="createConversation",
    tags=["conversations"],
    responses=answers(
        ConversationSummary, 415, status=HTTPStatus.CREATED, description="It was made."
    ),
    status_code=HTTPStatus.CREATED,
)
def create_conversation(
    new: Annotated[NewConversation, Body()],
) -> ConversationSummary:
    return services(router).conversations.create(caller(router), new)


@router.get(
    "/conversations/<conversation_id>",
    summary="Read a conversation with all its turns",
    operation_id="getConversation",
    tags=["conversations"],
    responses=answers(Conversation, 404),
)
def get_conversation(conversation_id: ConversationId) -> Conversation:
    return services(router).conversations.get(caller(router), conversation_id)


@router.patch(
    "/conversations/<conversation_id>",
    summary="Rename or pin a conversation",
    operation_id="changeConversation",
    tags=["conversations"],
    responses=answers(ConversationSummary, 404, 415),
)
def change_conversation(
    conversation_id: ConversationId, change: Annotated[ConversationChange, Body()]
) -> ConversationSummary:
    return services(router).conversations.change(caller(router), conversation_id, change)


@router.delete(
    "/conversations/<conversation_id>",
    summary="Delete a conversation; it can be restored for a minute",
    operation_id="deleteConversation",
    tags=["conversations"],
    responses=answers(DeletedConversation, 404),
)
def delete_conversation(conversation_id: ConversationId) -> DeletedConversation:
    return services(router).conversations.delete(caller(router), conversation_id)


@router.post(
    "/conversations/<conversation_id>/restore",
    summary="Undo a deletion",
    operation_id="restoreConversation",
    tags=["conversations"],
    responses=answers(ConversationSummary, 404, 410),
)
def restore_conversation(conversation_id: ConversationId) -> ConversationSummary:
    return services(router).conversations.restore(caller(router), conversation_id)


@router.get(
    "/conversations/<conversation_id>/export",
    summary="Download a conversation",
    operation_id="exportConversation",
    tags=["conversations"],
    responses={
        200: {
            "description": "Markdown: one branch, its sources and citations as footnotes. "
            "JSON: the whole conversation.",
            "content": {
                "text/markdown": {"schema": {"type": "string"}},
                "application/json": {"model": Conversation},
            },
        },
        **failures(404),
    },
)
def export_conversation(
    conversation_id: ConversationId,
    form: Annotated[ExportFormat, Query(alias="format")] = "markdown",
    leaf: Annotated[
        Id | None, Query(description="Last turn of the branch; the newest by default.")
    ] = None,
) -> Response[str]:
    export = services(router).conversations.export(caller(router), conversation_id, form, leaf)
    return Response(
        HTTPStatus.OK,
        content_type=export.content_type,
        body=export.text,
        headers={"Content-Disposition": f'attachment; filename="{export.name}"'},
    )


@router.get(
    "/search",
    summary="Find words in one's own conversations",
    operation_id="searchConversations",
    tags=["conversations"],
    responses=answers(SearchPage),
)
def search_conversations(
    q: Annotated[
        str, Query(min_length=1, max_length=200, description="Words, all of which occur.")
    ],
    cursor: Cursor = None,
    limit: Limit = 30,
) -> SearchPage:
    return services(router).conversations.search(caller(router), q, cursor, limit)
