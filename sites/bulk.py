"""Many rows changed by one statement. Django's `bulk_update` builds a CASE per column and costs as much CPU as the probes themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection, models

# SQLite takes 32,766 parameters in one statement.
_PARAMETERS = 20_000


def update_rows(model: type[models.Model], rows: Mapping[int, Sequence[Any]], columns: Sequence[str], where: str = "") -> int:
    """Sets `columns` of the rows with these primary keys: `rows` maps a key to its values, in the columns' order.

    `where` names one further column: its value, given last in each sequence, must still be the stored one (a conditional update).
    Returns how many rows were changed.
    """
    names = [*columns, where] if where else list(columns)
    fields = [model._meta.get_field(name) for name in names]
    size = max(1, _PARAMETERS // (len(fields) + 1))
    items = list(rows.items())
    return sum(_update(model, fields, items[start : start + size], bool(where)) for start in range(0, len(items), size))


def _update(model: type[models.Model], fields: list[Any], items: list[tuple[int, Sequence[Any]]], conditional: bool) -> int:
    quote = connection.ops.quote_name
    casts = connection.vendor == "postgresql"  # there a VALUES list is untyped text; in SQLite a cast would mangle dates

    def value(position: int, field: Any) -> str:
        return f"CAST(v.column{position} AS {field.db_type(connection)})" if casts else f"v.column{position}"

    changed = fields[:-1] if conditional else fields
    sets = ", ".join(f"{quote(field.column)} = {value(n, field)}" for n, field in enumerate(changed, 2))
    table, key = quote(model._meta.db_table), quote(model._meta.pk.column)
    condition = f"{table}.{key} = v.column1"
    if conditional:
        last = fields[-1]
        condition += f" AND {table}.{quote(last.column)} = {value(len(fields) + 1, last)}"
    row = f"({', '.join(['%s'] * (len(fields) + 1))})"
    sql = f"UPDATE {table} SET {sets} FROM (VALUES {', '.join([row] * len(items))}) AS v WHERE {condition}"  # noqa: S608 (names of our models)
    parameters: list[Any] = []
    prepared = [_preparing(field) for field in fields]
    for pk, values in items:
        parameters.append(pk)
        parameters.extend(prepare(item) for prepare, item in zip(prepared, values, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


# Text and numbers go to the database as they are; asking the field for each value would cost more than the statement itself.
_AS_IT_IS = (models.CharField, models.TextField, models.IntegerField, models.FloatField, models.ForeignKey)


def _preparing(field: Any) -> Callable[[Any], Any]:
    """What makes a value of this field ready for the database."""
    if isinstance(field, _AS_IT_IS):
        return lambda value: value
    return lambda value: None if value is None else field.get_db_prep_save(value, connection)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], unique: Sequence[str] = ()) -> None:
    """Inserts rows by as few statements as parameters allow; keys are made by the database.

    With `unique`, a row that stands under these columns gets the new values instead.
    """
    fields = [model._meta.get_field(name) for name in columns]
    size = max(1, _PARAMETERS // len(fields))
    for start in range(0, len(rows), size):
        _insert(model, fields, rows[start : start + size], unique)


def _insert(model: type[models.Model], fields: list[Any], rows: Sequence[Sequence[Any]], unique: Sequence[str]) -> None:
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES {', '.join([row] * len(rows))}"  # noqa: S608 (names of our models)
    if unique:
        keys = [quote(model._meta.get_field(name).column) for name in unique]
        sets = ", ".join(f"{quote(f.column)} = excluded.{quote(f.column)}" for f in fields if f.name not in unique)
        sql += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
    prepared = [_preparing(field) for field in fields]
    parameters = [prepare(item) for values in rows for prepare, item in zip(prepared, values, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
