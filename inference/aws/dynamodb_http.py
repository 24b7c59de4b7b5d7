"""DynamoDB's JSON protocol on the event loop, for the two calls that every window of text makes.

Errors are botocore's own ``ClientError``, so that callers need not know who carried the call.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from inference.aws.http1 import Response
from inference.aws.http_pool import HttpFailed, HttpPool
from inference.aws.signing import Credentials, Signer
from inference.ports import Clock

_TRIES = 4
_FIRST_PAUSE_S = 0.05
_TYPE = "application/x-amz-json-1.0"
_AGAIN = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
        "InternalServerError",
    }
)


class DynamoDbHttp:
    """Calls DynamoDB. ``credentials`` may change between calls."""

    def __init__(
        self, pool: HttpPool, region: str, credentials: Callable[[], Credentials], clock: Clock
    ) -> None:
        self._pool = pool
        self._signer = Signer("dynamodb", region, pool.host)
        self._credentials = credentials
        self._clock = clock

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make one call that is safe to repeat (a put, or an update that only sets).

        What may help to repeat is repeated, four times in all as botocore does.

        Raises:
            ClientError: DynamoDB refuses; or it does not answer, whatever is tried (``NoAnswer``).
        """
        body = msgspec.json.encode(parameters)
        for attempt in range(_TRIES):
            failure = await self._once(operation, body)
            if not isinstance(failure, ClientError):
                return failure
            code = failure.response["Error"]["Code"]
            status = failure.response["ResponseMetadata"]["HTTPStatusCode"]
            if attempt == _TRIES - 1 or not (code in _AGAIN or code == _NO_ANSWER or status >= 500):
                raise failure
            jitter = random.random()  # noqa: S311
            await self._clock.sleep(jitter * _FIRST_PAUSE_S * 2**attempt)
        raise AssertionError("unreachable")

    async def _once(self, operation: str, body: bytes) -> dict[str, Any] | ClientError:
        headers = {"content-type": _TYPE, "x-amz-target": f"DynamoDB_20120810.{operation}"}
        path = self._pool.path or "/"
        head = self._signer.head(self._credentials(), path, headers, body, self._clock.time())
        try:
            response = await self._pool.request(head, body)
            if response.status == 200:
                return _result(response)
        except HttpFailed as error:
            return _error(operation, 0, _NO_ANSWER, str(error))
        return _refusal(operation, response)


_NO_ANSWER = "NoAnswer"


def _result(response: Response) -> dict[str, Any]:
    said = response.headers.get(b"x-amz-crc32")
    if said is not None and int(said) != zlib.crc32(response.body):
        raise HttpFailed("a response was damaged on its way")
    try:
        result: dict[str, Any] = msgspec.json.decode(response.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise HttpFailed(f"a response that is not JSON: {error}") from error
    return result


def _refusal(operation: str, response: Response) -> ClientError:
    try:
        said = msgspec.json.decode(response.body, type=dict[str, Any])
    except msgspec.DecodeError:
        said = {}
    code = str(said.get("__type", "")).rpartition("#")[2] or str(response.status)
    message = said.get("message") or said.get("Message") or ""
    return _error(operation, response.status, code, str(message))


def _error(operation: str, status: int, code: str, message: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        operation,
    )
