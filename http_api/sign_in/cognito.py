"""ID tokens of a Cognito user pool, verified against the pool's published keys.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt

from copilot.access.tickets import Grant
from copilot.identity import DEFAULT_TENANT, PUBLIC_GROUPS, Identity
from http_api.sign_in.verifier import NotSignedIn, SignInUnavailable

KEYS_KEPT_S = 3600
"""How long fetched keys serve before they are fetched again."""

UNKNOWN_KEY_PAUSE_S = 30
"""Least time between fetches for the sake of an unknown key: any forged token can name one."""

LEEWAY_S = 30
FETCH_TIMEOUT_S = 3


class CognitoTokens:
    """Verifies ID tokens of one app client of one pool.

    ``issuer`` is ``https://cognito-idp.<region>.amazonaws.com/<pool>``; its keys are at
    ``/.well-known/jwks.json``. The tenant is the claim ``custom:tenant``, the groups are
    ``cognito:groups`` beside the public ones, the user is ``sub``.
    """

    def __init__(self, issuer: str, client_id: str, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._now = now
        self._jwks_uri = f"{issuer}/.well-known/jwks.json"
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None

    def verify(self, credential: str) -> Grant:
        """Who this token was issued to, until it expires.

        Raises:
            NotSignedIn: not a valid, current ID token of this app client.
            SignInUnavailable: the pool's keys cannot be fetched.
        """
        try:
            key = self._key(jwt.get_unverified_header(credential).get("kid", ""))
            claims = jwt.decode(
                credential,
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=self._client_id,
                leeway=LEEWAY_S,
                options={
                    "require": ["exp", "iat", "sub", "aud", "iss"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise NotSignedIn("This token is not valid; sign in again.") from error
        return self._grant(claims)

    def _grant(self, claims: dict[str, Any]) -> Grant:
        expires_at = int(claims["exp"])
        if expires_at + LEEWAY_S <= self._now():
            raise NotSignedIn("Your sign-in has expired; sign in again.")
        if claims.get("token_use") != "id":
            raise NotSignedIn("Send the ID token; this is another one.")
        groups = dict.fromkeys([*PUBLIC_GROUPS, *claims.get("cognito:groups", [])])
        try:
            identity = Identity(
                tenant=str(claims.get("custom:tenant") or DEFAULT_TENANT),
                user=str(claims["sub"]),
                groups=tuple(map(str, groups)),
            )
        except ValueError as error:
            raise NotSignedIn(f"This token cannot be used: {error}") from error
        return Grant(identity=identity, expires_at=expires_at, credential=_named(claims))

    def _key(self, kid: str) -> jwt.PyJWK:
        age = None if self._fetched_at is None else self._now() - self._fetched_at
        if age is None or age >= (UNKNOWN_KEY_PAUSE_S if kid not in self._keys else KEYS_KEPT_S):
            self._fetch()
        if kid not in self._keys:
            raise NotSignedIn("This token is not valid; sign in again.")
        return self._keys[kid]

    def _fetch(self) -> None:
        client = jwt.PyJWKClient(self._jwks_uri, cache_jwk_set=False, timeout=FETCH_TIMEOUT_S)
        try:
            keys = {key.key_id: key for key in client.get_signing_keys() if key.key_id}
        except jwt.PyJWKClientError as error:
            if not self._keys:
                raise SignInUnavailable("The keys of the user pool cannot be fetched.") from error
        else:
            self._keys = keys
        self._fetched_at = self._now()


def _named(claims: dict[str, Any]) -> str:
    """What an audit finds the token by: its id, or its session's."""
    return f"token:{claims.get('jti') or claims.get('origin_jti') or 'cognito'}"
