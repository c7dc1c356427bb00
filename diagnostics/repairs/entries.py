"""What is known of files and folders by their names: those of the docroot, those beside it that a message named, those behind links."""

from __future__ import annotations

from diagnostics.evidence import Evidence, TreeEntry


def known_entries(evidence: Evidence) -> dict[str, TreeEntry]:
    """Every entry by its path as people see it."""
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    behind = (entry for link in evidence.links for entry in link.way)
    read = (TreeEntry(file.path, file.absolute, "file", file.mode, len(file.content), file.mtime) for file in evidence.at_hand)
    return {entry.path: entry for entry in (*read, *behind, *evidence.beside, *tree)}
