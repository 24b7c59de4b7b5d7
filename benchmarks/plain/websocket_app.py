"""The plain ZIP function: WebSocket routes with pydantic and the whole of Powertools.

Environment: ``TABLE_NAME``, ``QUEUE_URL``.
"""

from __future__ import annotations

import os
import time
from typing import Literal

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parser import BaseModel, ValidationError, parse
from aws_lambda_powertools.utilities.parser.models import APIGatewayWebSocketMessageEventModel
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="plain")
tracer = Tracer(service="plain")
metrics = Metrics(namespace="plain", service="plain")

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
sqs = boto3.client("sqs")


class Message(BaseModel):
    action: Literal["message"]
    data: str


class Question(BaseModel):
    connection_id: str
    question: str


@tracer.capture_method
def ask(connection_id: str, question: str) -> None:
    """Store the question and put it on the queue."""
    table.put_item(
        Item={
            "PK": f"CONN#{connection_id}",
            "SK": f"Q#{time.time_ns()}",
            "question": question,
            "expires_at": int(time.time()) + 7200,
        }
    )
    body = Question(connection_id=connection_id, question=question)
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=body.model_dump_json())


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict, context: LambdaContext) -> dict:
    """Serve one WebSocket event of API Gateway."""
    request = event["requestContext"]
    connection_id = request["connectionId"]
    match request["eventType"]:
        case "CONNECT":
            table.put_item(Item={"PK": f"CONN#{connection_id}", "SK": "META"})
        case "DISCONNECT":
            table.delete_item(Key={"PK": f"CONN#{connection_id}", "SK": "META"})
        case _:
            try:
                parsed = parse(event=event, model=APIGatewayWebSocketMessageEventModel)
                message = Message.model_validate_json(parsed.body or "")
            except ValidationError as error:
                logger.warning("bad message", extra={"reason": str(error)})
                return {"statusCode": 400, "body": "bad message"}
            ask(connection_id, message.data)
            metrics.add_metric(name="Questions", unit=MetricUnit.Count, value=1)
    return {"statusCode": 200}
