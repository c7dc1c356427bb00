"""The little of PHP that the practice shop's pages use: what it writes, and where it stops in the words of PHP."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.practice.php import NotPractised, Page, PhpError

MAIN = Path("/www/index.php")


def shown(code: str, **others: str) -> str:
    files = {Path("/www") / name.replace("_", "."): text.encode() for name, text in others.items()}

    def read(path: Path) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return Page(read).output(MAIN, code.encode()).decode()


def stops(code: str, **others: str) -> str:
    with pytest.raises(PhpError) as stopped:
        shown(code, **others)
    return str(stopped.value)


def test_values_of_a_loaded_file_are_shown() -> None:
    words = "<?php\n// all pages\n$shop = ['name' => 'Tea & more', 'it' => 'it\\'s',];\n$open = 'Monday';\n"
    page = "<?php require __DIR__ . '/words.php'; ?>\n<h1><?php echo $shop['name']; ?></h1><?php echo $open; echo $shop['it'] ?>"
    assert shown(page, words_php=words) == "<h1>Tea & more</h1>Mondayit's"


def test_page_without_php_and_unknown_names_are_what_they_are() -> None:
    assert shown("<p>é</p>") == "<p>é</p>"
    assert shown("<?php echo $nothing['x']; ?>-<?php echo $nobody; ?>") == "-"


def test_file_that_is_not_there_is_told_with_file_and_line() -> None:
    said = stops("<h1>\n<?php\nrequire __DIR__ . '/inc/shop.php'; ?>")
    assert "PHP Warning:  require(/www/inc/shop.php): Failed to open stream: No such file or directory in /www/index.php on line 3" in said
    assert "Failed opening required '/www/inc/shop.php' (include_path='.:/usr/share/php') in /www/index.php:3" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("<?php\n$a = [\n 'x' => 'y',\n 'z", "Unclosed '[' on line 2 in /www/words.php on line 4"),
        ("<?php $a = ['x'", "Unclosed '[' in /www/words.php on line 1"),
        ("<?php\n$a = 'never", "syntax error, unexpected end of file in /www/words.php on line 2"),
    ],
)
def test_file_that_ends_in_the_middle_is_told_as_php_tells_it(words: str, says: str) -> None:
    assert stops("<?php require __DIR__ . '/words.php'; ?>", words_php=words) == f"PHP Parse error:  {says}"


@pytest.mark.parametrize(
    "code", ["system('id');", "echo file_get_contents('/etc/passwd');", "require '/etc/passwd';", "`id`;", "$a = 1;", "echo"]
)
def test_anything_else_is_refused_and_nothing_is_run(code: str) -> None:
    with pytest.raises(NotPractised):
        shown(f"<?php {code} ?>")


def test_files_that_load_each_other_come_to_an_end() -> None:
    with pytest.raises(NotPractised):
        shown("<?php require __DIR__ . '/a.php'; ?>", a_php="<?php require __DIR__ . '/a.php'; ?>")
