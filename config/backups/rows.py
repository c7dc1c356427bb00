"""The rows of all models as lines of JSON, from one consistent moment, and back, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from itertools import islice
from typing import IO, Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.migrations.loader import MigrationLoader

_NOT_KEPT = frozenset({"sessions.session"})  # everybody logs in anew
_BATCH = 500


class _ExactEncoder(DjangoJSONEncoder):
    """Django's own cuts times to milliseconds."""

    def default(self, o: Any) -> Any:
        if isinstance(o, datetime | time):
            return o.isoformat()
        return super().default(o)


def kept_models() -> list[type[models.Model]]:
    """All models whose rows are state of the product, those that others point at first."""
    return [
        model
        for model in serializers.sort_dependencies([(config, None) for config in apps.get_app_configs()], allow_cycles=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in _NOT_KEPT
    ]


def migrations_of_code() -> list[str]:
    """The migrations that this version of the product consists of."""
    return sorted(f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or {})


@contextmanager
def one_moment() -> Iterator[None]:
    """What is read inside belongs to one moment; writers are not held up."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")  # a reader in WAL mode: `atomic` would be IMMEDIATE and lock writers out
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def write_rows(target: IO[str]) -> dict[str, int]:
    """Writes every row as one line; answers how many there are by model."""
    counts: dict[str, int] = {}
    for model in kept_models():
        label = model._meta.label_lower
        counts[label] = 0

        def counted(rows: Iterator[models.Model], label: str = label) -> Iterator[models.Model]:
            for row in rows:
                counts[label] += 1
                yield row

        rows = model._base_manager.order_by("pk").iterator(chunk_size=2000)
        serializers.serialize("jsonl", counted(rows), stream=target, cls=_ExactEncoder)
    return counts


def is_empty() -> bool:
    """Whether nobody has used this installation yet: no user, no site, no host (or no tables at all)."""
    tables = set(connection.introspection.table_names())
    labels = ("auth.User", "sites.Site", "sites.Host")
    for model in (apps.get_model(label) for label in labels if label.split(".")[1].lower() in apps.all_models[label.split(".")[0]]):
        if model._meta.db_table in tables and model._base_manager.exists():
            return False
    return True


def replace_rows(source: IO[str]) -> dict[str, int]:
    """Removes all rows and writes those of `source`. To be called in a transaction; raises what the database refuses."""
    _remove_all()
    counts = {model._meta.label_lower: 0 for model in kept_models()}
    lines = serializers.deserialize("jsonl", source)
    while batch := list(islice(lines, _BATCH)):
        _insert(batch)
        for item in batch:
            counts[item.object._meta.label_lower] += 1
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), kept_models()):
            cursor.execute(statement)
    connection.check_constraints()
    ContentType.objects.clear_cache()
    return counts


def _insert(batch: list[serializers.base.DeserializedObject]) -> None:
    by_model: dict[type[models.Model], list[models.Model]] = {}
    for item in batch:
        by_model.setdefault(type(item.object), []).append(item.object)
    for model, rows in by_model.items():
        fields = [field for field in model._meta.local_concrete_fields if not field.generated]
        size = max(1, connection.ops.bulk_batch_size(fields, rows))
        for start in range(0, len(rows), size):
            # raw: as they were, without auto_now and the like; bulk_create has no such option
            model._base_manager.all()._insert(rows[start : start + size], fields=fields, using=connection.alias, raw=True)
    for item in batch:
        for name, values in (item.m2m_data or {}).items():
            getattr(item.object, name).set(values)


def _remove_all() -> None:
    tables = {field.m2m_db_table() for model in kept_models() for field in model._meta.local_many_to_many}
    tables |= {model._meta.db_table for model in kept_models()}
    tables |= {apps.get_model(label)._meta.db_table for label in _NOT_KEPT}
    with connection.cursor() as cursor:
        for statement in connection.ops.sql_flush(no_style(), sorted(tables), reset_sequences=True, allow_cascade=True):
            cursor.execute(statement)
