"""What files declare, and a file that calls its class otherwise than its own name says."""

from __future__ import annotations

import pytest

from diagnostics.php.declared import declared_in, instead_of


def test_declarations_have_their_namespace_and_line() -> None:
    code = b"<?php\nnamespace Shop\\Cart;\n\nfinal class Basket {}\nabstract class Part {}\nnamespace Other;\ninterface Named {}\n"
    found = [(each.name, each.line, each.namespace_line) for each in declared_in(code)]
    assert found == [("Shop\\Cart\\Basket", 4, 2), ("Shop\\Cart\\Part", 5, 2), ("Other\\Named", 7, 6)]


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        ("Shop\\Basket", b"<?php\n\nnamespace Shop;\n\nclass Baskt\n{\n}\n", 5),
        ("Shop\\Basket", b"<?php\nnamespace Shp;\nclass Basket {}\n", 2),
        ("Basket", b"<?php\n\n\nfinal class Baskets {}\n", 4),
        ("App\\Http\\Pages", b"<?php\nnamespace App\\Https;\n\nclass Pages {}\n", 2),
    ],
)
def test_line_that_calls_it_otherwise(name: str, code: bytes, line: int) -> None:
    found = instead_of(name, code)
    assert found is not None and found[1] == line


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Shop\\Basket", b"<?php\nnamespace Shop;\nclass basket {}\n"),  # PHP takes them for the same
        ("Shop\\Basket", b"<?php\nnamespace Newsletter\\Widgets;\nclass Basket {}\n"),  # of somebody else
        ("Shop\\Basket", b"<?php\nnamespace Shop;\nclass Invoice {}\n"),
        ("Shop\\Basket", b"<?php\n"),
    ],
)
def test_what_is_another_matter(name: str, code: bytes) -> None:
    assert instead_of(name, code) is None
