"""How a PHP file ends, and what stands in it that should not."""

from __future__ import annotations

import time

import pytest

from diagnostics.checks.php_parsing import first_error
from diagnostics.php.scanning import conflict_line, encoding_mark, ending, output_before_php

WHOLE = b"""<?php
/** It's "quoted" { */
namespace Shop; // don't }
final class Cart {
    private string $a = 'x{' . "y\\"}";
    public function total(): int { return <<<TEXT
        { $this->a
        TEXT === '' ? 1 : 2; } # it's
}
"""


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6, 0.72, 0.9])
def test_file_that_was_cut_is_told_from_a_whole_one(share: float) -> None:
    cut = WHOLE[: int(len(WHOLE) * share)].rstrip(b"\n ")
    found = ending(cut)
    assert found is not None and found.is_cut_off and first_error(cut) is not None


def test_whole_files_are_not_cut() -> None:
    for content in (
        WHOLE,
        WHOLE.rstrip(),
        b"<p>a</p>",
        b"<?php if ($a): ?><b><?php endif ?>",
        b"<?php\nreturn [1];\n?>\n<p>",
        WHOLE.replace(b"\n", b"\r\n"),
    ):
        found = ending(content)
        assert found is None or not found.is_cut_off
        assert first_error(content) is None


def test_forgotten_bracket_and_forgotten_quote_are_no_cut() -> None:
    for content in (b"<?php\nfunction a() {\n    if (1) {\n        b();\n}\n", b"<?php\n$a = 'mug;\nfunction b() {\n}\n"):
        found = ending(content)
        assert found is not None and not found.is_cut_off


def test_marks_of_merges_and_encodings() -> None:
    merged = b"<?php\n$a = 1;\n<<<<<<< HEAD\n$b = 1;\n=======\n$b = 2;\n>>>>>>> new\n"
    assert conflict_line(merged) == 3 and conflict_line(b"<?php\n// =======\n$a = <<<TEXT\n=======\nTEXT;\n") is None
    assert encoding_mark(b"\xef\xbb\xbf<?php") == "utf-8" and encoding_mark("<?php echo 1;".encode("utf-16")) == "utf-16"
    assert encoding_mark(b"<?php") == "" and output_before_php(b" \n<?php") and not output_before_php(b"<?php")


def test_what_is_made_to_be_slow_is_looked_through_in_time() -> None:
    began = time.process_time()
    for content in (b"<?php\n" + b"'\\" * 200_000, b"<?php " + b"{" * 300_000, b"<?php " + b"<<<A\n" * 80_000, b"<?=" * 100_000):
        ending(content)
        first_error(content[:100_000])
    assert time.process_time() - began < 5
