from __future__ import annotations

import random

import pytest

from sites.recognition.answer import Answer
from sites.recognition.word_search import Vocabulary


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("all is well", False),
        ("a FATAL Error here", True),
        ("fatal\nerror", False),
        ("unparse errors", True),
        ("LES DONNÉES", True),
        ("é" * 500 + " bread", False),
        ("brea\u212a", True),
        ("", False),
    ],
)
def test_words_are_found_in_any_letters(text, found):
    words = Vocabulary()
    words.learn(("fatal error", "parse error", "données", "breaks"))
    assert words.may_be_in(text) is found


def test_vocabulary_of_hundreds_of_words_misses_none():
    chance = random.Random(3)
    words = ["".join(chance.choices("abcdeé ", k=chance.randint(2, 9))).strip() + "x" for _ in range(300)]
    vocabulary = Vocabulary()
    for word in words:
        vocabulary.learn((word,))
    filler = "ZYW " * 50
    assert not vocabulary.may_be_in(filler)
    assert [word for word in words if not vocabulary.may_be_in(filler + word.upper() + filler)] == []


def test_answer_mentions_what_a_plain_search_finds():
    chance = random.Random(5)
    words = [" ".join(chance.choices(("fatal", "error", "base", "données", "été", "k"), k=2)) for _ in range(80)]
    texts = [" ".join(chance.choices(("Fatal", "ERROR", "base", "DONNÉES", "Été", "\u212a", "x"), k=12)) for _ in range(200)]
    for text in texts:
        answer = Answer(200, (), text.encode())
        for word in words:
            assert answer.mentions(word, "never there") == (word in text.lower())


def test_word_without_a_plain_letter_is_found_too():
    vocabulary = Vocabulary()
    vocabulary.learn(("ошибка",))
    assert vocabulary.may_be_in("ОШИБКА")
