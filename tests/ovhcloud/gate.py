"""Who is let in: application keys with signed requests and rules, and service accounts with tokens.

Rules: https://github.com/ovh/python-ovh (signature) and RFC 6749, section 4.4.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b64decode
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .schema import Refused, bad_request

APPLICATION_KEY, APPLICATION_SECRET = "ak" * 8, "0vh-application-secret-Zq7"
ACCOUNT, ACCOUNT_SECRET = "EU.0123456789abcdef", "0vh-account-secret-Wy3"
SKEW_S = 50  # its clock is not ours
_TOLERATED_S = 30


@dataclass
class Call:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int = 0


@dataclass
class Gate:
    """Credentials by consumer key, and the tokens of the one service account."""

    credentials: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    account_may: bool = True

    # --- what tests do ------------------------------------------------------------------------
    def confirm(self) -> str:
        """A person confirms what was asked for last. Returns the consumer key."""
        consumer, credential = list(self.credentials.items())[-1]
        credential["status"] = "validated"
        return consumer

    def granted(self, *rules: tuple[str, str]) -> str:
        """A consumer key that was confirmed; by default with every right."""
        consumer = secrets.token_hex(16)
        wanted = rules or tuple((method, "/*") for method in ("GET", "POST"))
        made = {"status": "validated", "rules": [{"method": method, "path": path} for method, path in wanted]}
        self.credentials[consumer] = made | {"application": APPLICATION_KEY}
        return consumer

    # --- what is asked ------------------------------------------------------------------------
    def ask_for_credential(self, call: Call, headers: dict[str, str], port: int) -> dict[str, Any]:
        if headers.get("x-ovh-application") != APPLICATION_KEY:
            raise Refused(403, "INVALID_KEY", "Client::Forbidden", "This application key is invalid")
        if not call.body or not call.body.get("accessRules"):
            raise bad_request("Body parameter accessRules is missing")
        consumer, token = secrets.token_hex(16), secrets.token_hex(32)
        made = {"status": "pendingValidation", "rules": call.body["accessRules"], "application": APPLICATION_KEY, "token": token}
        self.credentials[consumer] = made | {"redirection": call.body.get("redirection")}
        page = f"http://127.0.0.1:{port}/auth/?credentialToken={token}"
        return {"consumerKey": consumer, "state": "pendingValidation", "validationUrl": page}

    def confirm_by(self, token: str) -> str | None:
        """What the page of confirming does. Returns where it leads back to; None for a token of nobody."""
        credential = next((each for each in self.credentials.values() if each.get("token") == token), None)
        if credential is None:
            return None
        credential["status"] = "validated"
        return str(credential["redirection"] or "#")

    def require(self, call: Call, rules: list[dict[str, str]]) -> None:
        if not any(rule["method"] == call.method and fnmatchcase(call.path, rule["path"]) for rule in rules):
            raise Refused(403, "NOT_GRANTED_CALL", "Client::Forbidden", "This call has not been granted")

    def rules_of(self, call: Call, headers: dict[str, str], url: str, raw: bytes) -> list[dict[str, str]]:
        """The rules of who asks."""
        if (bearer := headers.get("authorization", "")).startswith("Bearer "):
            return self._rules_of_account(bearer.removeprefix("Bearer "))
        if "x-ovh-signature" not in headers:
            raise Refused(401, "NOT_LOGGED_IN", "Client::Unauthorized", "You must login first")
        if headers.get("x-ovh-application") != APPLICATION_KEY:
            raise Refused(403, "INVALID_KEY", "Client::Forbidden", "This application key is invalid")
        if abs(int(headers.get("x-ovh-timestamp", "0")) - (time.time() + SKEW_S)) > _TOLERATED_S:
            raise Refused(400, "QUERY_TIME_OUT", "Client::BadRequest", "Query out of time")
        consumer = headers.get("x-ovh-consumer", "")
        credential = self.credentials.get(consumer)
        if credential is None:
            raise Refused(403, "INVALID_CREDENTIAL", "Client::Forbidden", "This credential is not valid")
        signed = "+".join([APPLICATION_SECRET, consumer, call.method, url, raw.decode(), headers["x-ovh-timestamp"]])
        right = "$1$" + hashlib.sha1(signed.encode()).hexdigest()
        if credential["status"] != "validated" or headers["x-ovh-signature"] != right:
            raise Refused(400, "INVALID_SIGNATURE", "Client::BadRequest", "Invalid signature")
        return credential["rules"]

    def _rules_of_account(self, token: str) -> list[dict[str, str]]:
        if self.tokens.get(token, 0) < time.time():
            raise Refused(401, "INVALID_TOKEN", "Client::Unauthorized", "Invalid or expired token")
        if not self.account_may:
            raise Refused(403, "FORBIDDEN", "Client::Forbidden", "User not granted for this request")
        return [{"method": method, "path": "/hosting/web*"} for method in ("GET", "POST")]

    def token(self, headers: dict[str, str], form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Of a service account, whose login comes as HTTP Basic or in the form."""
        basic = headers.get("authorization", "").removeprefix("Basic ")
        given = b64decode(basic).decode() if basic else ":".join(form.get(name, [""])[0] for name in ("client_id", "client_secret"))
        if given != f"{ACCOUNT}:{ACCOUNT_SECRET}" or form.get("grant_type") != ["client_credentials"]:
            return 401, {"error": "invalid_client"}
        made = secrets.token_urlsafe(20)
        self.tokens[made] = time.time() + 3599
        return 200, {"access_token": made, "token_type": "Bearer", "expires_in": 3599, "scope": "all"}
