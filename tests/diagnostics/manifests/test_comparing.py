"""What two manifests differ in, and how that is told to people."""

from __future__ import annotations

from diagnostics.manifests.comparing import MOST_GROUPS, Summary, differences, grouped
from diagnostics.manifests.format import Record

PLUGIN = b"wp-content/plugins/akismet/"


def compared(older: list[Record], newer: list[Record], **how: bool) -> Summary:
    return grouped(differences(sorted(older), sorted(newer), **how))


def counts(summary: Summary) -> list[tuple[str, str, int, int, int]]:
    return [(group.what, group.name, group.changed, group.added, group.removed) for group in summary.groups]


def test_update_of_a_plugin_is_one_group_with_versions_and_time() -> None:
    old = [Record(PLUGIN + b"akismet.php", "f", 0o644, 10, 100, label="Akismet\t5.2"), Record(PLUGIN + b"a.php", "f", 0o644, 1, 100)]
    new = [Record(PLUGIN + b"akismet.php", "f", 0o644, 11, 900, label="Akismet\t5.3"), Record(PLUGIN + b"b.php", "f", 0o644, 1, 950)]
    (group,) = compared(old, new).groups
    assert (group.what, group.name, group.changed, group.added, group.removed) == ("plugin", "akismet", 1, 1, 1)
    assert (group.before, group.after, group.first, group.last) == ("Akismet\t5.2", "Akismet\t5.3", 900, 950)


def test_what_to_look_at_first_stands_in_front() -> None:
    paths = (b"shop/x.php", b"wp-includes/a.php", b".htaccess", b"wp-content/themes/t/x.php", PLUGIN + b"x.php")
    old = [Record(path, "f", 0o644, 1, 1, digest="a" if path == b".htaccess" else "") for path in paths]
    new = [record._replace(size=2, digest="b" if record.digest else "") for record in old]
    assert [group.what for group in compared(old, new).groups] == ["configuration", "plugin", "theme", "core", "folder"]


def test_time_of_a_folder_is_no_change_and_its_mode_is() -> None:
    old = [Record(b"a", "d", 0o755, 0, 1)]
    assert compared(old, [Record(b"a", "d", 0o755, 4096, 9)]).total == 0
    assert compared(old, [Record(b"a", "d", 0o000, 0, 1)]).changed == 1


def test_time_alone_says_nothing_where_the_content_is_known_to_be_the_same() -> None:
    old = Record(b".htaccess", "f", 0o644, 5, 1, digest="a")
    assert compared([old], [old._replace(mtime=9)]).total == 0
    assert compared([old], [old._replace(mtime=9, digest="b")]).changed == 1
    assert compared([old], [old._replace(digest="b")]).changed == 1


def test_time_alone_says_nothing_between_two_ways_of_telling_time() -> None:
    old = Record(b"a.php", "f", 0o644, 5, 61)
    assert compared([old], [old._replace(mtime=60)], times=False).total == 0
    assert compared([old], [old._replace(mtime=60)]).changed == 1
    assert compared([old], [old._replace(size=6)], times=False).changed == 1


def test_mode_says_nothing_where_a_host_does_not_tell_it() -> None:
    old = Record(b"a.php", "f", 0o644, 5, 61)
    assert compared([old], [old._replace(mode=0)], modes=False).total == 0 and compared([old], [old._replace(mode=0)]).changed == 1


def test_what_lies_in_a_folder_that_could_not_be_read_is_not_called_removed() -> None:
    old = [Record(b"a", "d", 0o755), Record(b"a/b.php", "f", 0o644, 1, 1), Record(b"a-b", "f", 0o644, 1, 1)]
    assert counts(compared(old, [Record(b"a", "u", 0)])) == [("top", "", 0, 0, 1)]
    assert compared([Record(b"a", "u")], old[:2]).total == 0


def test_counted_folder_tells_how_many_and_nothing_of_its_files() -> None:
    old = [Record(b"wp-content/uploads", "c", 0o755, 100, 1, count=3)]
    new = [Record(b"wp-content/uploads", "c", 0o755, 300, 1, count=5)]
    summary = compared(old, new)
    assert counts(summary) == [("counted", "wp-content/uploads", 1, 0, 0)]
    assert summary.groups[0].named[0].counts == (3, 5)
    listed = [Record(b"wp-content/uploads", "d", 0o755, 0, 1), Record(b"wp-content/uploads/a.jpg", "f", 0o644, 1, 1)]
    assert compared(listed, new).total == 0


def test_configuration_file_in_a_counted_folder_is_told() -> None:
    folder = Record(b"wp-content/uploads", "c", 0o755, 1, 1, count=1)
    summary = compared([folder], [folder, Record(b"wp-content/uploads/.htaccess", "f", 0o644, 1, 1, digest="a")])
    assert counts(summary) == [("configuration", "wp-content/uploads/.htaccess", 0, 1, 0)]


def test_summary_is_bounded_and_its_counts_are_whole() -> None:
    new = [Record(b"folder%04d/f%02d" % (folder, number), "f", 0o644, 1, 1) for folder in range(MOST_GROUPS + 50) for number in range(60)]
    summary = compared([], new)
    assert summary.added == len(new) and len(summary.groups) == MOST_GROUPS
    assert summary.left_out == 50 * 60 and all(group.added == 60 for group in summary.groups)
    assert sum(len(group.named) for group in summary.groups) <= 1500
