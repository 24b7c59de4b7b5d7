"""Proving who one is: API keys against hashes, ID tokens against a pool's published keys."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from copilot.identity import Identity
from http_api.sign_in.api_keys import GRANT_S, REREAD_S, USABLE_S, ApiKeys, new_key
from http_api.sign_in.cognito import KEYS_KEPT_S, UNKNOWN_KEY_PAUSE_S, CognitoTokens
from http_api.sign_in.verifier import NotSignedIn, SignInUnavailable
from tests.conftest import Time


class Secret:
    """A secret that can be rotated, and can be out of reach."""

    def __init__(self, *entries: Any) -> None:
        self.entries = list(entries)
        self.down = False
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        if self.down:
            raise SignInUnavailable("down")
        return msgspec.json.encode({"keys": self.entries}).decode()


def test_a_key_proves_its_holder_for_a_while(time: Time) -> None:
    key, entry = new_key("ci", "acme", "robot", ("public", "legal"))
    grant = ApiKeys(Secret(entry).read, time).verify(key)
    assert grant.identity == Identity(tenant="acme", user="robot", groups=("public", "legal"))
    assert grant.expires_at == int(time()) + GRANT_S
    assert grant.credential == "key:ci"


def test_the_secret_holds_no_key() -> None:
    key, entry = new_key("ci", "acme", "robot", ())
    assert key not in msgspec.json.encode(entry).decode()


@pytest.mark.parametrize(
    "wrong", ["", "ec_ci_", "ec_ci_" + "A" * 43, "ec_other_" + "A" * 43, "é" * 50, "ec_ci_A\n"]
)
def test_anything_else_proves_nothing(wrong: str, time: Time) -> None:
    _, entry = new_key("ci", "acme", "robot", ())
    with pytest.raises(NotSignedIn):
        ApiKeys(Secret(entry).read, time).verify(wrong)


def test_a_key_of_one_id_is_not_another_ids(time: Time) -> None:
    key, entry = new_key("a", "acme", "robot", ())
    _, other = new_key("b", "acme", "boss", ())
    keys = ApiKeys(Secret(entry, other).read, time)
    with pytest.raises(NotSignedIn):
        keys.verify(key.replace("ec_a_", "ec_b_"))


def test_two_keys_are_valid_at_once_and_a_removed_one_stops_within_a_minute(time: Time) -> None:
    old, old_entry = new_key("2025", "acme", "robot", ())
    new, new_entry = new_key("2026", "acme", "robot", ())
    secret = Secret(old_entry)
    keys = ApiKeys(secret.read, time)
    keys.verify(old)
    secret.entries = [old_entry, new_entry]
    time.now += REREAD_S
    assert keys.verify(old).identity == keys.verify(new).identity
    secret.entries = [new_entry]
    time.now += REREAD_S
    with pytest.raises(NotSignedIn):
        keys.verify(old)
    keys.verify(new)
    assert secret.reads == 3


def test_a_key_ends_after_its_last_day(time: Time) -> None:
    key, entry = new_key("ci", "acme", "robot", ())
    dated = {**msgspec.to_builtins(entry), "not_after": "2027-01-15"}  # the clock's own day
    keys = ApiKeys(Secret(dated).read, time)
    keys.verify(key)
    time.now += 86_400
    with pytest.raises(NotSignedIn, match="expired"):
        keys.verify(key)


def test_a_secret_out_of_reach_does_not_lock_everybody_out_at_once(time: Time) -> None:
    key, entry = new_key("ci", "acme", "robot", ())
    secret = Secret(entry)
    keys = ApiKeys(secret.read, time)
    keys.verify(key)
    secret.down = True
    time.now += REREAD_S
    keys.verify(key)
    time.now += USABLE_S
    with pytest.raises(SignInUnavailable):
        keys.verify(key)


@pytest.mark.parametrize("content", ["", "[]", '{"keys": [{"id": 1}]}', "not json"])
def test_a_malformed_secret_is_the_servers_fault_not_the_callers(content: str, time: Time) -> None:
    with pytest.raises(SignInUnavailable):
        ApiKeys(lambda: content, time).verify("ec_ci_" + "A" * 43)


@pytest.mark.parametrize("name", ["acme#USER#boss", "", "a\nb", "x" * 129])
def test_names_that_reach_into_other_rows_are_refused(name: str, pool: Pool, time: Time) -> None:
    with pytest.raises(ValueError, match="#"):
        Identity(tenant="acme", user=name)
    with pytest.raises(NotSignedIn):
        CognitoTokens(pool.issuer, CLIENT, time).verify(pool.token(time(), sub=name))
    key, entry = new_key("ci", name, "robot", ())
    with pytest.raises(NotSignedIn):
        ApiKeys(Secret(entry).read, time).verify(key)


# --- Cognito --------------------------------------------------------------------------------------

CLIENT = "4hk3client"


class Pool:
    """A user pool's key set behind a real HTTP server."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.fetches = 0
        self.down = False
        pool = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pool.fetches += 1
                body = json.dumps({"keys": [pool.public(kid) for kid in pool.keys]}).encode()
                self.send_response(503 if pool.down else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/eu-west-1_pool"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, kid: str) -> None:
        self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public(self, kid: str) -> dict[str, Any]:
        algorithm = jwt.algorithms.RSAAlgorithm
        jwk: dict[str, Any] = algorithm.to_jwk(self.keys[kid].public_key(), as_dict=True)
        return {**jwk, "kid": kid, "use": "sig", "alg": "RS256"}

    def token(self, now: float, kid: str = "one", **claims: Any) -> str:
        whole = {
            "sub": "u-1",
            "iss": self.issuer,
            "aud": CLIENT,
            "token_use": "id",
            "iat": int(now),
            "exp": int(now) + 3600,
            "cognito:groups": ["legal"],
            "custom:tenant": "acme",
            **claims,
        }
        return jwt.encode(whole, self.keys[kid], algorithm="RS256", headers={"kid": kid})


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool()
    pool.add("one")
    yield pool
    pool.server.shutdown()
    pool.server.server_close()


def test_an_id_token_proves_its_subject_until_it_expires(pool: Pool, time: Time) -> None:
    grant = CognitoTokens(pool.issuer, CLIENT, time).verify(pool.token(time()))
    assert grant.identity == Identity(tenant="acme", user="u-1", groups=("public", "legal"))
    assert grant.expires_at == int(time()) + 3600


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/other"},
        {"token_use": "access"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"sub": None},
    ],
)
def test_a_token_for_another_purpose_proves_nothing(
    claims: dict[str, Any], pool: Pool, time: Time
) -> None:
    token = pool.token(time(), **claims)
    with pytest.raises(NotSignedIn):
        CognitoTokens(pool.issuer, CLIENT, time).verify(token)


def test_forged_signatures_prove_nothing(pool: Pool, time: Time) -> None:
    tokens = CognitoTokens(pool.issuer, CLIENT, time)
    thief = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(pool.token(time()), options={"verify_signature": False})
    public = pool.keys["one"].public_key().public_numbers()
    forged = [
        jwt.encode(claims, thief, algorithm="RS256", headers={"kid": "one"}),
        jwt.encode(claims, str(public.n).zfill(64), algorithm="HS256", headers={"kid": "one"}),
        jwt.encode(claims, "", algorithm="none", headers={"kid": "one"}),
        "not.a.token",
        "",
    ]
    for token in forged:
        with pytest.raises(NotSignedIn):
            tokens.verify(token)


def test_keys_are_fetched_once_and_again_when_the_pool_rotates(pool: Pool, time: Time) -> None:
    tokens = CognitoTokens(pool.issuer, CLIENT, time)
    for _ in range(5):
        tokens.verify(pool.token(time()))
    assert pool.fetches == 1
    pool.add("two")
    time.now += UNKNOWN_KEY_PAUSE_S
    tokens.verify(pool.token(time(), kid="two"))
    assert pool.fetches == 2


def test_forged_key_ids_do_not_make_a_fetch_each(pool: Pool, time: Time) -> None:
    tokens = CognitoTokens(pool.issuer, CLIENT, time)
    pool.add("secretly")
    token = pool.token(time(), kid="secretly")
    del pool.keys["secretly"]
    for _ in range(20):
        with pytest.raises(NotSignedIn):
            tokens.verify(token)
    assert pool.fetches == 1


def test_known_keys_serve_while_the_pool_cannot_be_reached(pool: Pool, time: Time) -> None:
    tokens = CognitoTokens(pool.issuer, CLIENT, time)
    tokens.verify(pool.token(time()))
    pool.down = True
    time.now += KEYS_KEPT_S
    tokens.verify(pool.token(time()))
    with pytest.raises(SignInUnavailable):
        CognitoTokens(pool.issuer, CLIENT, time).verify(pool.token(time()))
