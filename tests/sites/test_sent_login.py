"""What a site's probes log in with, whichever way that was registered."""

from __future__ import annotations

import pytest

from sites import credentials
from tests.factories import make_site

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("user", "password", "headers", "sent"),
    [
        ("anna", "bread", [], ("anna", "bread")),
        ("anna", "bread", [("Authorization", "Basic ZXZhOng=")], ("anna", "bread")),
        ("", "", [("X-Own", "1"), ("authorization", "basic ZXZhOmE6Yg==")], ("eva", "a:b")),
        ("", "", [("Authorization", "Bearer ZXZhOng=")], None),
        ("", "", [("Authorization", "Basic not base64")], None),
        ("", "", [("Authorization", "Basic ZXZh")], None),
        ("anna", "", [], None),
        ("", "", [], None),
    ],
)
def test_login_that_probes_send_is_told(user: str, password: str, headers: list[tuple[str, str]], sent: tuple[str, str] | None) -> None:
    site = make_site()
    site.basic_user = user
    credentials.set_site_secrets(site, basic_password=password, headers=headers)
    assert credentials.sent_login(site) == sent
