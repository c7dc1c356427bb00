"""The stored form: what goes in comes out, in order, whatever the names; what is damaged is refused; memory stays small."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator

import pytest

from diagnostics.manifests import format as manifests
from diagnostics.manifests.format import ABSENT, ManifestUnreadable, Record, Sorter, backwards, decode, encode, overlaid

ODD = [
    Record(b"", "d", 0o705, 0, 1_700_000_000),
    Record(b"-rf", "f", 0o644, 1, 0),
    Record(b"a\nname\twith lines", "f", 0o604, 2**40, 1),
    Record(b"caf\xe9/\xff\xfe", "f", 0o4755, 3, -5),
    Record("größe/日本".encode(), "l", 0o777, 4, 2**33),
    Record(b'quote"\\back', "f", 0, 0, 0, digest="ab" * 32, label='Aki"smet\t5.3'),
    Record(b"uploads", "c", 0o755, 10**12, 7, count=123_456),
    Record(b"x" * 4000, "f", 0o600, 5, 9),
]


def tree(n: int, seed: int = 1) -> list[Record]:
    luck = random.Random(seed)
    names = (b"inc/class-%05d/file_%06d.php" % (number // 13, number) for number in range(n))
    return [Record(name, "f", 0o644, luck.randrange(200_000), 1_700_000_000 + luck.randrange(10**7)) for name in names]


def test_odd_names_come_back_as_they_were() -> None:
    assert list(decode(encode(sorted(ODD)))) == sorted(ODD)


@pytest.mark.parametrize("n", [0, 1, 2047, 2048, 2049, 5000])
def test_any_number_of_records_comes_back(n: int) -> None:
    assert list(decode(encode(tree(n)))) == tree(n)


def test_first_bytes_tell_the_version_and_another_is_refused() -> None:
    stored = encode(ODD[:1])
    assert stored.startswith(b"SMMF\x01")
    for other in (b"SMMF\x02" + stored[5:], b"", b"PK"):
        with pytest.raises(ManifestUnreadable):
            list(decode(other))


@pytest.mark.parametrize("part", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_manifest_that_was_cut_off_is_no_shorter_manifest(part: float) -> None:
    stored = encode(tree(9000))
    with pytest.raises(ManifestUnreadable):
        list(decode(stored[: 5 + int((len(stored) - 5) * part)]))


def test_damaged_bytes_raise_nothing_but_that() -> None:
    stored = encode(tree(3000))
    luck = random.Random(5)
    for _try in range(100):
        damaged = bytearray(stored)
        damaged[luck.randrange(5, len(stored))] ^= 1 << luck.randrange(8)
        with pytest.raises(ManifestUnreadable):
            list(decode(damaged))


def test_sorter_gives_every_record_once_by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "_RUN", 1000)
    records = tree(12_345)
    mixed = random.Random(3).sample(records, len(records))
    sorter = Sorter()
    for record in (*mixed, Record(records[7].path, "u")):
        sorter.add(record)
    found = list(sorter.sorted())
    sorter.close()
    assert found == [*records[:7], Record(records[7].path, "u"), *records[8:]]


def test_memory_stays_flat_however_long_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "_RUN", 1000)

    def peak(n: int) -> int:
        tracemalloc.start()
        sorter = Sorter()
        for number in range(n):
            sorter.add(Record(b"%08d" % ((number * 7919) % n), "f", 0o644, number, 1_700_000_000))
        stored = encode(sorter.sorted())
        assert sum(1 for _record in decode(stored)) == n
        sorter.close()
        found = tracemalloc.get_traced_memory()[1] - len(stored)
        tracemalloc.stop()
        return found

    small, large = peak(4_000), peak(20_000)
    print(f"peak memory beside the stored form: {small / 1e6:.1f} MB for 4,000 names, {large / 1e6:.1f} MB for 20,000")
    assert large < 4_000_000


def changed(records: list[Record], seed: int) -> list[Record]:
    luck = random.Random(seed)
    kept = [record._replace(size=record.size + 1) if luck.random() < 0.05 else record for record in records if luck.random() > 0.03]
    return sorted([*kept, *(Record(b"new-%d-%d" % (seed, number), "f", 0o644, 1, 1) for number in range(9))])


def test_older_manifest_comes_back_from_the_newer_and_the_difference() -> None:
    first = tree(3000)
    second = changed(first, 1)
    third = changed(second, 2)
    one, two = encode(backwards(first, second)), encode(backwards(second, third))
    assert list(overlaid([third, decode(two)])) == second
    assert list(overlaid([third, decode(two), decode(one)])) == first
    joined = list(overlaid([decode(two), decode(one)], keep_absent=True))
    assert list(overlaid([third, joined])) == first
    assert any(record.kind == ABSENT for record in joined)
    assert len(one) < len(encode(first)) / 4


def test_nothing_changed_takes_next_to_nothing() -> None:
    def records() -> Iterator[Record]:
        return iter(tree(20_000))

    assert len(encode(backwards(records(), records()))) < 30
