from __future__ import annotations

import pytest

from sites.fingerprints import VERSION, fingerprint, stable_words
from sites.probing.outcome import Kind


def of(text: str, kind: str = Kind.SERVER_ERROR, status: int | None = 500, detail: str = "http-500") -> str:
    return fingerprint(kind, status, detail, text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Server logs contain details with request ID: ABC-123.", "Server logs contain details with request ID: XQ-9-77."),
        ("l'identifiant de requête : ABC-123.", "l'identifiant de requête : ZZZ-9."),
        ("Error 1f0c9a52-6b1d-4f0e-9d3e-0a1b2c3d4e5f", "Error 2e0c9a52-6b1d-4f0e-9d3e-0a1b2c3d4e50"),
        ("at 2026-11-22T03:12:04Z", "at 2026-11-23 14:00:59.123"),
        ("on Sun, 22 Nov 2026 03:12:04 GMT", "on Mon, 23 Nov 2026 11:59:59 GMT"),
        ("November 22, 2026 3:12 pm", "December 1, 2026 11:02 am"),
        ("le 22 novembre 2026", "le 1 décembre 2026"),
        ("22/11/2026 03:12", "23/11/2026 04:13"),
        ("client 203.0.113.7", "client 198.51.100.22:4711"),
        ("client 2001:db8::1", "client 2001:db8:5::99"),
        ("hash deadbeef01 failed", "hash 00c0ffee77aa failed"),
        ("pointer 0x7ffe12", "pointer 0x1"),
        ("cannot write /tmp/phpAb12Cd", "cannot write /tmp/phpZZ99"),
        ("took 12.031 s", "took 0.4 s"),
        ("token qwertyuiop1234567890", "token zzxcvbnmasdf0987654321"),
        ("Guru Meditation: XID: 32770", "Guru Meditation: XID: 98312"),
        ("tried to allocate 20480 bytes", "tried to allocate 1048576 bytes"),
        ("GET /a?nonce=1", "GET /a?nonce=77"),
    ],
)
def test_same_cause_with_new_numbers_is_the_same(one, other):
    assert of(one) == of(other)
    assert stable_words(one) == stable_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fatal error in /www/a.php on line 12", "Fatal error in /www/b.php on line 12"),
        ("Fatal error in /www/a.php on line 12", "Fatal error in /www/a.php on line 14"),
        ("Internal Server Error", "The website encountered an unexpected error"),
    ],
)
def test_other_cause_is_another(one, other):
    assert of(one) != of(other)


def test_answer_of_a_cdn_and_of_the_origin_differ():
    assert of("", Kind.GATEWAY_ERROR, 520, "cdn-520") != of("", Kind.GATEWAY_ERROR, 503, "http-503")
    assert of("x", Kind.UNREACHABLE, None, "dns") != of("x", Kind.UNREACHABLE, None, "refused")


def test_changing_content_of_a_page_is_no_cause():
    assert of("Not found. Today: apples", Kind.CLIENT_ERROR, 404) == of("Not found. Today: pears", Kind.CLIENT_ERROR, 404)


def test_fingerprint_carries_its_version_and_takes_any_text():
    assert of("\ud800 \x00 é").startswith(VERSION + ":")
    assert len(of("x" * 100_000)) == 34


PAGES = {
    "en": "Internal Server Error. Contact {mail} with the time {time} and reference: {id}. Request {uuid} for /orders/{number}/view",
    "fr": "Erreur interne du serveur. Écrivez à {mail}, heure {time}, identifiant : {id}. Requête {uuid}, commande {number}",
    "de": "Interner Serverfehler. Bitte melden Sie {mail} die Uhrzeit {time}. Vorgangsnummer: {id}. Anfrage {uuid} an /orders/{number}",
    "es": "Error interno del servidor. Escriba a {mail}, hora {time}, referencia: {id}. Solicitud {uuid} del pedido {number}",
    "it": "Errore interno del server. Scrivere a {mail}, ora {time}, riferimento: {id}. Richiesta {uuid} per l'ordine {number}",
}
FIRST = {
    "mail": "webmaster+1@shop.example", "time": "03:12:04", "id": "7f3a-9921-XK", "number": "481516",
    "uuid": "1f0c9a52-6b1d-4f0e-9d3e-0a1b2c3d4e5f",
}  # fmt: skip
SECOND = {
    "mail": "webmaster+2@shop.example", "time": "17:45:59", "id": "0b11-4410-QQ", "number": "99231108",
    "uuid": "9e8d7c6b-5a49-4382-9716-05f4e3d2c1b0",
}  # fmt: skip


@pytest.mark.parametrize("language", PAGES)
def test_error_page_of_every_language_is_the_same_with_other_ids(language):
    assert of(PAGES[language].format(**FIRST)) == of(PAGES[language].format(**SECOND))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("le 22 nov. 2026 à 3 h 12", "le 23 déc. 2026 à 14 h 09"),
        ("am 22. November 2026 um 03:12 Uhr", "am 3. Dezember 2026 um 14:09 Uhr"),
        ("el 22 de noviembre de 2026 a las 03:12", "el 3 de diciembre de 2026 a las 14:09"),
        ("il 22 novembre 2026 alle 03:12", "il 3 dicembre 2026 alle 14:09"),
        ("nonce rAnd0mR4nd0mRand0m==", "nonce Zz81kQpWm3nB7vX2c=="),
        ("commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad failed", "commit da39a3ee5e6b4b0d3255bfef95601890afd80709 failed"),
        ("cache file /var/tmp/sess_9ab3 gone", "cache file /var/tmp/sess_0ff1 gone"),
        ("code d'incident : AB12-77", "code d'incident : ZZ99-01"),
        ("Fehlernummer: 88-1-A", "Fehlernummer: 12-9-F"),
    ],
)
def test_volatile_parts_of_five_languages(one, other):
    assert of(one) == of(other)
