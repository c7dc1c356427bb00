"""Many rows changed by one statement whose text is always the same, so that the database parses and plans it once.

SQLite runs a prepared statement per row within the process; PostgreSQL gets the columns as arrays. Django's `bulk_update` builds
a CASE per column and costs as much CPU as the probes themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models, transaction

_AT_ONCE = 5000  # rows of one statement: bounds what is held in memory beside the rows themselves


def update_rows(
    model: type[models.Model], rows: Mapping[int, Sequence[Any]], columns: Sequence[str], where: str = "", counting: str = ""
) -> int:
    """Sets `columns` of the rows with these primary keys: `rows` maps a key to its values, in the columns' order.

    `where` names one further column: its value, given last in each sequence, must still be the stored one (a conditional update).
    `counting` names a column that grows by one. Returns how many rows were changed.
    """
    fields = [model._meta.get_field(name) for name in ([*columns, where] if where else columns)]
    key = model._meta.pk
    items = [(*values, pk) for pk, values in rows.items()]
    sql = _update_sql(model, [*fields, key], 2 if where else 1, counting)
    return sum(_run(sql, [*fields, key], items[start : start + _AT_ONCE]) for start in range(0, len(items), _AT_ONCE))


def _update_sql(model: type[models.Model], fields: list[Any], conditions: int, counting: str) -> str:
    """The last `conditions` fields say which rows; the others are set."""
    table = _quoted(model._meta.db_table)
    names, given = [_quoted(field.column) for field in fields], _placeholders(fields)
    sets = ", ".join(f"{name} = {value}" for name, value in zip(names[:-conditions], given, strict=False))
    if counting:
        column = _quoted(model._meta.get_field(counting).column)
        sets += f", {column} = {table}.{column} + 1"
    matches = " AND ".join(f"{table}.{name} = {value}" for name, value in zip(names[-conditions:], given[-conditions:], strict=True))
    return f"UPDATE {table} SET {sets}{_source(fields)} WHERE {matches}"  # noqa: S608 (names of our models)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], unique: Sequence[str] = ()) -> None:
    """Inserts rows; keys are made by the database. With `unique`, a row that stands under these columns gets the new values instead."""
    fields = [model._meta.get_field(name) for name in columns]
    names = ", ".join(_quoted(field.column) for field in fields)
    values = ", ".join(_placeholders(fields))
    given = f"SELECT {values}{_source(fields)}" if _in_arrays() else f"VALUES ({values})"
    sql = f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) {given}"
    if unique:
        keys = ", ".join(_quoted(model._meta.get_field(name).column) for name in unique)
        sets = ", ".join(f"{_quoted(f.column)} = excluded.{_quoted(f.column)}" for f in fields if f.name not in unique)
        sql += f" ON CONFLICT ({keys}) DO UPDATE SET {sets}"
    for start in range(0, len(rows), _AT_ONCE):
        _run(sql, fields, rows[start : start + _AT_ONCE])


def any_of() -> str:
    """SQL for "is one of these keys"; the one parameter comes from `keys`. The statement's text does not depend on how many they are."""
    return "= ANY(%s)" if _in_arrays() else "IN (SELECT value FROM json_each(%s))"


def keys(numbers: Iterable[int]) -> Any:
    """The parameter that belongs to `any_of`."""
    return list(numbers) if _in_arrays() else json.dumps(list(numbers))


def moment(at: datetime) -> Any:
    """A moment as plain SQL takes it: what Django itself would send, at a tenth of the time."""
    return at if _in_arrays() else _as_text(at)


def _as_text(at: datetime) -> str:
    return str((at if at.tzinfo is UTC else at.astimezone(UTC)).replace(tzinfo=None))


def _in_arrays() -> bool:
    return connection.vendor == "postgresql"


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


def _placeholders(fields: Sequence[Any]) -> list[str]:
    return [f"v.c{n}" for n in range(len(fields))] if _in_arrays() else ["%s"] * len(fields)


def _source(fields: Sequence[Any]) -> str:
    """Where PostgreSQL finds the rows: one array per column. The length of a text is left to the column itself: a cast would cut it."""
    if not _in_arrays():
        return ""
    arrays = ", ".join(f"%s::{field.rel_db_type(connection).partition('(')[0]}[]" for field in fields)
    return f" FROM unnest({arrays}) AS v({', '.join(f'c{n}' for n in range(len(fields)))})"


def _run(sql: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> int:
    if not rows:
        return 0
    columns = [_prepared(field, column) for field, column in zip(fields, zip(*rows, strict=True), strict=True)]
    if _in_arrays():
        with connection.cursor() as cursor:
            cursor.execute(sql, columns)
            return int(cursor.rowcount)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:  # else each row would be a transaction of its own
        cursor.executemany(sql, zip(*columns, strict=True))
        return int(cursor.rowcount)


# Text, numbers and bytes go to the database as they are; asking the field for each value would cost more than the statement itself.
_AS_IT_IS = (models.CharField, models.TextField, models.IntegerField, models.FloatField, models.BooleanField, models.BinaryField)


def _prepared(field: Any, values: Iterable[Any]) -> list[Any]:
    if isinstance(field, (*_AS_IT_IS, models.ForeignKey)):
        return list(values)
    prepare = _preparing(field)
    return [None if value is None else prepare(value) for value in values]


def _preparing(field: Any) -> Callable[[Any], Any]:
    """What makes a value of this field ready for the database."""
    if isinstance(field, models.DateTimeField):
        return (lambda at: at) if _in_arrays() else _as_text
    if isinstance(field, models.DateField):
        return connection.ops.adapt_datefield_value
    return lambda value: field.get_db_prep_save(value, connection)
