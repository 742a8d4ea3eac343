"""A service that verifies access tokens with PyJWT, as docs/microservices.md describes."""

import functools
import json
import sys

import jwt


@functools.cache
def jwks_client(issuer: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(issuer + "/jwks", lifespan=300)


def verify(issuer: str, audience: str, alg: str, typ: str, token: str) -> dict:
    if jwt.get_unverified_header(token).get("typ") != typ:
        raise jwt.InvalidTokenError("not an access token")
    return jwt.decode(
        token,
        jwks_client(issuer).get_signing_key_from_jwt(token),
        algorithms=[alg],
        issuer=issuer,
        audience=audience,
        leeway=30,
        options={"require": ["exp", "iss", "aud", "sub", "iat", "client_id"]},
    )


def answer(question: dict) -> dict:
    try:
        return {"claims": verify(**question)}
    except jwt.PyJWTError as error:
        return {"refused": f"{type(error).__name__}: {error}"}


questions = json.load(sys.stdin)["questions"]
json.dump({"answers": [answer(question) for question in questions]}, sys.stdout)
