"""What a test has committed is removed after it: only what it filled, since most tables are empty and emptying one costs the same.

Django's own way truncates every table, which on PostgreSQL makes new files for each and all its indexes, and then stores content types
and permissions anew. They come from the migrations alone, so they stay.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

_OF_MIGRATIONS = (ContentType, Permission)


def begin() -> None:
    """From now on every test that commits is followed by this."""
    TransactionTestCase._fixture_teardown = _after_a_test  # type: ignore[method-assign]


def _after_a_test(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):
        empty(connections[alias])


def empty(connection: BaseDatabaseWrapper) -> None:
    """Removes all rows of all models. Who still writes in another connection is waited for, as truncating waits."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]
    names = [connection.ops.quote_name(model._meta.db_table) for model in models if model not in _OF_MIGRATIONS]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {name})" for number, name in enumerate(names)))
        for (number,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {names[number]}")  # references are looked at when all is committed
