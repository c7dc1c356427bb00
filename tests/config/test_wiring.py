"""The application is put together as the settings say."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client


@pytest.mark.django_db
def test_unknown_address_has_request_id_and_policies() -> None:
    response = Client().get("/there-is-no-such-page/")
    assert response.status_code == 404
    assert len(response["X-Request-Id"]) == 16
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_state_folder_of_tests_is_their_own() -> None:
    assert settings.SITEMEND_VAR_DIR.name.startswith("sitemend-tests-")
