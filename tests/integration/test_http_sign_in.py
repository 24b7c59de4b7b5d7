"""Signing in over HTTP: bearer credentials on every route, tickets for sockets, logging out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import msgspec
import pytest

from copilot.access.connections import Connection, Connections, UnknownConnection
from copilot.access.tickets import TICKET_TTL_S, Grant, TicketRefused, Tickets
from copilot.configuration import SettingsError
from copilot.identity import Identity
from copilot.table import Table
from http_api import app as entry
from http_api.settings import Settings
from http_api.sign_in.api_keys import GRANT_S, REREAD_S, new_key
from tests.conftest import Time
from tests.integration.http_client import Person
from tests.integration.management_api import ManagementApi

ACME = Identity(tenant="acme", user="robot", groups=("public", "legal"))


@pytest.fixture
def management() -> Iterator[ManagementApi]:
    with ManagementApi() as api:
        yield api


@pytest.fixture
def start(
    table: Table, time: Time, management: ManagementApi, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Starts the function anew with these variables."""

    def start(**variables: str) -> None:
        queue = boto3.client("sqs").create_queue(QueueName="questions")["QueueUrl"]
        for name, value in {
            "TABLE_NAME": table.name,
            "QUEUE_URL": queue,
            "WEBSOCKET_ENDPOINT": management.url,
            **variables,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("time.time", time)
        entry.services.cache_clear()

    yield start
    entry.services.cache_clear()


class Secret:
    """The secret of API keys, in Secrets Manager."""

    def __init__(self) -> None:
        self._client = boto3.client("secretsmanager")
        self.arn = self._client.create_secret(Name="keys", SecretString='{"keys": []}')["ARN"]
        self._entries: list[Any] = []

    def add(self, key_id: str, who: Identity) -> str:
        key, listed = new_key(key_id, who.tenant, who.user, who.groups)
        self._entries.append(listed)
        self._write()
        return key

    def remove(self, key_id: str) -> None:
        self._entries = [listed for listed in self._entries if listed.id != key_id]
        self._write()

    def delete(self) -> None:
        self._client.delete_secret(SecretId=self.arn, ForceDeleteWithoutRecovery=True)

    def _write(self) -> None:
        text = msgspec.json.encode({"keys": self._entries}).decode()
        self._client.put_secret_value(SecretId=self.arn, SecretString=text)


@pytest.fixture
def secret(start: Callable[..., None]) -> Secret:
    secret = Secret()
    start(AUTH_MODE="api-key", API_KEYS_SECRET_ARN=secret.arn)
    return secret


class Holder(Person):
    """Somebody with a credential."""

    def __init__(self, credential: str, client_id: str | None = None) -> None:
        super().__init__(client_id)
        self._credential = credential

    def call(self, method: str, target: str, body: Any = None, **headers: str) -> Any:
        headers.setdefault("authorization", f"Bearer {self._credential}")
        return super().call(method, target, body, **headers)


def test_a_ticket_redeems_the_holder_of_the_key(secret: Secret, table: Table, time: Time) -> None:
    reply = Holder(secret.add("ci", ACME)).post("/tickets")
    assert reply.status == 201
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json["expires_in_s"] == TICKET_TTL_S
    assert reply.json["sign_in_lasts_s"] == GRANT_S
    grant = Tickets(table, time).redeem(reply.json["ticket"])
    assert grant.identity == ACME
    assert grant.credential == "key:ci"
    with pytest.raises(TicketRefused):
        Tickets(table, time).redeem(reply.json["ticket"])


@pytest.mark.parametrize("target", ["/conversations", "/documents", "/insights", "/search?q=a"])
def test_every_route_wants_the_credential(secret: Secret, target: str) -> None:
    nobody = Person("ann").get(target)
    assert (nobody.status, nobody.json["code"]) == (401, "unauthenticated")
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert Holder("ec_ci_" + "A" * 43, "ann").get(target).status == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer\t"])
def test_a_header_without_a_bearer_credential_is_none(secret: Secret, header: str) -> None:
    secret.add("ci", ACME)
    assert Person(None).get("/conversations", authorization=header).status == 401


def test_the_key_and_never_the_client_id_says_who_calls(secret: Secret) -> None:
    robot = Holder(secret.add("ci", ACME), client_id="somebody-else")
    other = Holder(secret.add("b", msgspec.structs.replace(ACME, tenant="b")), "somebody-else")
    successor = Holder(secret.add("ci2", ACME))
    made = robot.post("/conversations", {"title": "Ours"}).json["conversation_id"]
    assert robot.get(f"/conversations/{made}").status == 200
    assert other.get(f"/conversations/{made}").status == 404
    assert successor.get(f"/conversations/{made}").status == 200


def test_a_removed_key_ends_within_a_minute(secret: Secret, time: Time) -> None:
    robot = Holder(secret.add("ci", ACME))
    assert robot.post("/tickets").status == 201
    secret.remove("ci")
    time.now += REREAD_S
    assert robot.post("/tickets").status == 401


def test_an_unreadable_secret_is_no_wrong_key(secret: Secret) -> None:
    key = secret.add("ci", ACME)
    secret.delete()
    reply = Holder(key).post("/tickets")
    assert (reply.status, reply.json["code"]) == (503, "sign_in_unavailable")
    assert int(reply.headers["retry-after"]) > 0


def test_where_nobody_signs_in_the_client_id_gets_a_ticket(
    start: Callable[..., None], table: Table, time: Time
) -> None:
    start()
    ticket = Person("ann").post("/tickets").json["ticket"]
    assert Tickets(table, time).redeem(ticket).identity.user == "anon-ann"
    assert Person(None).post("/tickets").status == 401


def test_logging_out_closes_every_socket_of_the_caller_and_nobody_elses(
    secret: Secret, table: Table, time: Time, management: ManagementApi
) -> None:
    connections = Connections(table, time)
    other = msgspec.structs.replace(ACME, user="other")
    for connection_id, who in (("c1", ACME), ("c2", ACME), ("c3", other)):
        connections.open(
            Connection(
                connection_id=connection_id, identity=who, anonymous=False, connected_at=int(time())
            )
        )
    management.gone.add("c2")  # Gone a moment ago, its row not yet.
    tickets = Tickets(table, time)
    grants = [
        Grant(identity=w, expires_at=int(time()) + 900, credential="c") for w in (ACME, other)
    ]
    unused, others = map(tickets.issue, grants)
    reply = Holder(secret.add("ci", ACME)).post("/logout")
    assert (reply.status, reply.json) == (200, {"closed_connections": 2})
    assert management.deleted == ["c1"]
    assert connections.of(ACME) == []
    assert connections.of(other) == ["c3"]
    with pytest.raises(UnknownConnection):
        connections.get("c1")
    with pytest.raises(TicketRefused):
        tickets.redeem(unused)
    assert tickets.redeem(others).identity == other


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"AUTH_MODE": "magic"}, "AUTH_MODE"),
        ({"AUTH_MODE": "api-key"}, "API_KEYS_SECRET_ARN"),
        ({"AUTH_MODE": "cognito", "COGNITO_ISSUER": "https://pool"}, "COGNITO_CLIENT_ID"),
    ],
)
def test_a_way_of_signing_in_without_what_it_needs_never_starts(
    variables: dict[str, str], named: str
) -> None:
    needed = {"TABLE_NAME": "t", "QUEUE_URL": "q", "WEBSOCKET_ENDPOINT": "w"}
    with pytest.raises(SettingsError, match=named):
        Settings.of(needed | variables)


def test_a_ticket_is_no_part_of_what_is_logged(
    secret: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    key = secret.add("ci", ACME)
    with caplog.at_level("DEBUG"):
        ticket = Holder(key).post("/tickets").json["ticket"]
    ours = [r for r in caplog.records if not r.name.startswith(("botocore", "boto3", "urllib3"))]
    logged = json.dumps([r.getMessage() for r in ours])
    assert key not in logged
    assert ticket not in logged
