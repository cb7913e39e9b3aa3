"""A small OpenID Connect provider on a port of its own: discovery, code flow with PKCE, signed ids, who somebody is.

It is strict where a real one is: an unknown client, another redirect, a code used twice or a wrong verifier get nothing.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "wardwatch", "a secret of the provider"


@dataclass
class Provider:
    """`claims` are what it says of whoever signs on; `in_id` and `in_userinfo` where it says them."""

    claims: dict[str, Any]
    in_id: bool = True
    in_userinfo: bool = True
    audience: str = CLIENT
    issuer: str = ""  # what ids say; empty: its own address
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        provider = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.answer(self, self.path, {name: one[0] for name, one in parse_qs(body).items()})

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, to: BaseHTTPRequestHandler, path: str, given: dict[str, str]) -> None:
        """Answer one request."""
        if path == "/authorize":
            code = secrets.token_urlsafe(16)
            self.codes[code] = given
            to.send_response(302)
            to.send_header("Location", f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}")
            to.end_headers()
            return
        found = {
            "/.well-known/openid-configuration": self._described,
            "/jwks": self._keys,
            "/token": lambda: self._token(given),
            "/userinfo": lambda: self._userinfo(to.headers.get("Authorization", "")),
        }[path]()
        body = json.dumps(found or {"error": "invalid_grant"}).encode()
        to.send_response(200 if found else 400)
        to.send_header("Content-Type", "application/json")
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)

    def _described(self) -> dict[str, Any]:
        ends = ("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("userinfo_endpoint", "userinfo")
        return {
            "issuer": self.address,
            **{name: f"{self.address}/{path}" for name, path in ends},
            "jwks_uri": f"{self.address}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _keys(self) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]}

    def _token(self, given: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        right = {
            "client": (given.get("client_id"), given.get("client_secret")) == (CLIENT, SECRET),
            "code": asked is not None,
            "redirect": asked is not None and given.get("redirect_uri") == asked["redirect_uri"],
            "verifier": asked is not None
            and asked.get("code_challenge_method") == "S256"
            and base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked.get("code_challenge"),
        }
        self.refused += [name for name, one in right.items() if not one]
        if self.refused:
            return None
        token = secrets.token_urlsafe(16)
        self.tokens.add(token)
        said = {
            "iss": self.issuer or self.address,
            "aud": self.audience,
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
        }
        said |= {"sub": self.claims["sub"]} | (self.claims if self.in_id else {})
        signed = jwt.encode(said, self.key, "RS256", {"kid": "one"})
        return {"access_token": token, "token_type": "Bearer", "expires_in": 60, "id_token": signed}

    def _userinfo(self, header: str) -> dict[str, Any] | None:
        if header.removeprefix("Bearer ") not in self.tokens:
            return None
        return self.claims if self.in_userinfo else {"sub": self.claims["sub"]}
