"""Routes of questions and answers, as JSON or as Server-Sent Events."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from copilot.wire import Accepted, encode_event
from http_api.answers.server_sent_events import EVENT_STREAM, encode, resume_point, wants_events
from http_api.documentation import answers, failures
from http_api.models.answers import Answer, ChatRequest, FeedbackNoted, FeedbackRequest
from http_api.models.base import Id
from http_api.request import caller, grant, header, services
from http_api.services import ResumePoint

router = APIGatewayHttpRouter()

WAIT_S = 25.0
"""How long a request waits for an answer: API Gateway itself waits 30 s at most."""

NEVER_STORED = {"Cache-Control": "no-store"}
_STREAM: dict[str, Any] = {"schema": {"type": "string"}}
AnswerId = Annotated[Id, Path()]


def _responses(*problems: int) -> dict[int, Any]:
    return {
        200: {
            "description": "The whole answer; or the events of the wire protocol, of which the "
            "last is `end`, or `continue` where the answer is not written yet.",
            "content": {"application/json": {"model": Answer}, EVENT_STREAM: _STREAM},
        },
        202: {
            "description": "The answer so far: ask for it again after `retry_after_ms`.",
            "content": {"application/json": {"model": Answer}},
        },
        **failures(*problems),
    }


@router.post(
    "/chat",
    summary="Ask a question and wait for its answer",
    operation_id="chat",
    tags=["answers"],
    responses=_responses(404, 409, 415, 429),
)
def chat(request: Annotated[ChatRequest, Body()]) -> Response[str]:
    asked = services(router).answers.ask(grant(router), request)
    return _answer(asked.answer_id, WAIT_S, ResumePoint(), before=_event_of(asked))


@router.get(
    "/answers/<answer_id>",
    summary="Read an answer, or go on reading it",
    operation_id="getAnswer",
    tags=["answers"],
    responses=_responses(404),
)
def get_answer(answer_id: AnswerId) -> Response[str]:
    return _answer(answer_id, 0.0, resume_point(header(router, "last-event-id")))


@router.post(
    "/answers/<answer_id>/feedback",
    summary="Judge an answer",
    operation_id="giveFeedback",
    tags=["answers"],
    responses=answers(FeedbackNoted, 404, 409, 415),
)
def give_feedback(
    answer_id: AnswerId, feedback: Annotated[FeedbackRequest, Body()]
) -> FeedbackNoted:
    return services(router).answers.note(caller(router), answer_id, feedback)


def _answer(
    answer_id: str, wait_s: float, after: ResumePoint, *, before: str = ""
) -> Response[str]:
    who, desk = caller(router), services(router).answers
    if wants_events(header(router, "accept")):
        stream = before + "".join(desk.events(who, answer_id, after, WAIT_S))
        return Response(HTTPStatus.OK, EVENT_STREAM, stream, headers=dict(NEVER_STORED))
    answer = desk.wait(who, answer_id, wait_s)
    status = HTTPStatus.OK if answer.end else HTTPStatus.ACCEPTED
    body = answer.model_dump_json()
    return Response(status, content_types.APPLICATION_JSON, body, headers=dict(NEVER_STORED))


def _event_of(asked: Accepted) -> str:
    return encode("accepted", encode_event(asked).decode())
