"""What is left in the database after a test that committed: nothing but what the migrations made."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from tests import emptying
from tests.factories import make_incident, make_site


@pytest.mark.django_db(transaction=True)
def test_all_rows_go_whatever_refers_to_what_but_those_of_the_migrations() -> None:
    make_incident(make_site(name="shop"))
    types, permissions = ContentType.objects.count(), Permission.objects.count()
    assert types and permissions
    emptying.empty(connection)
    left = {model for model in apps.get_models(include_auto_created=True) if model._base_manager.exists()}
    assert left == {ContentType, Permission}
    assert (ContentType.objects.count(), Permission.objects.count()) == (types, permissions)
