"""Signatures are botocore's."""

from __future__ import annotations

import datetime
from unittest import mock
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials
from hypothesis import given
from hypothesis import strategies as st

from inference.aws.signing import Credentials, Signer

NOW = 1_795_000_000.0
HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.PutItem",
}


def theirs(
    service: str, url: str, headers: dict[str, str], body: bytes, credentials: Credentials
) -> str:
    """The Authorization header that botocore makes."""
    request = AWSRequest("POST", url, data=body, headers=headers)
    key = TheirCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    now = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        SigV4Auth(key, service, "eu-central-1").add_auth(request)
    return str(request.headers["Authorization"])


@given(
    # No id is "." or "..", which would be a step in a path.
    connection=st.text(
        st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=30
    ).filter(lambda text: text not in (".", "..")),
    body=st.binary(max_size=50),
    token=st.none() | st.just("IQoJb3JpZ2luX2VjE/+="),
    headers=st.sampled_from([{}, HEADERS]),
)
def test_a_request_is_signed_as_botocore_signs_it(
    connection: str, body: bytes, token: str | None, headers: dict[str, str]
) -> None:
    credentials = Credentials("AKIATEST", "secret/+key", token)
    path = f"/dev/@connections/{quote(connection, safe='')}"
    signer = Signer("execute-api", "eu-central-1", "abc.example.com:8443")
    head = signer.head(credentials, path, headers, body, NOW).decode()
    expected = theirs(
        "execute-api", f"https://abc.example.com:8443{path}", headers, body, credentials
    )
    assert head.splitlines()[-1] == f"authorization: {expected}"
    assert head.startswith(f"POST {path} HTTP/1.1\r\n")


def test_the_day_and_the_secret_belong_to_the_key() -> None:
    signer = Signer("dynamodb", "eu-central-1", "dynamodb.example.com")
    requests = [("one", NOW), ("one", NOW + 86_400), ("two", NOW + 86_400), ("one", NOW)]
    heads = [
        signer.head(Credentials("A", secret, None), "/", {}, b"", now) for secret, now in requests
    ]
    assert len(set(heads)) == 3
    assert heads[0] == heads[3]
