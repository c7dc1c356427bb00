"""Who asks, and whom it believes: user agent, headers, password and authorities of one hop."""

from __future__ import annotations

import pycurl

from sites.probing.exchange import Exchange
from sites.probing.wire import Handle


def set_identity(curl: Handle, exchange: Exchange, usual_agent: str) -> None:
    """Who asks. Secrets and own headers are for the site's own origin alone."""
    request = exchange.request
    if request.authority and exchange.url.startswith("https:") and (exchange.address, exchange.port) == request.exempt:
        curl.believe(request.authority)
    own_headers = request.headers if exchange.at_home else ()
    agent = request.user_agent or usual_agent
    if exchange.carries_token:
        agent = f"{agent} probe/{request.token}"
    secret = bool(request.username) and exchange.at_home
    plain = not (own_headers or secret or exchange.carries_token)
    if plain and curl.identity == agent:
        return
    curl.identity = agent if plain else ""
    headers = {name.lower(): (name, value) for name, value in own_headers}
    if exchange.carries_token:
        headers.setdefault("cache-control", ("Cache-Control", "no-cache"))
        headers.setdefault("pragma", ("Pragma", "no-cache"))
    headers.setdefault("accept", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
    curl.setopt(pycurl.USERAGENT, agent.encode())
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}".encode() if value else f"{name};".encode() for name, value in headers.values()])
    for option in (pycurl.USERNAME, pycurl.PASSWORD):
        curl.unsetopt(option)
    if secret:
        curl.setopt(pycurl.USERNAME, request.username.encode())
        curl.setopt(pycurl.PASSWORD, request.password.encode())
