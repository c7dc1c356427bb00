"""A theme of two files that shows the texts of a WordPress and nothing else: it stands in where no other theme is at hand.

developer.wordpress.org, "Main Stylesheet" and "Template Hierarchy": a theme has to have style.css with its name and index.php, which
shows every kind of page where nothing more special is there.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.link_aside import aside
from diagnostics.repairs.plan import Change, CreateFile, CreateFolder, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "write-plain-theme"
_FOLDER = re.compile(r"(?:.*/)?wp-content/themes/(?P<slug>[\w.-]+)$")
_PERSON = _("The whole site looks different until its own theme is uploaded again. Only a person can say whether that is better.")
INDEX = b"""<?php
/* Shows the texts of this site until its own theme is back. */
?>
<!doctype html>
<html <?php language_attributes(); ?>>
<head>
<meta charset="<?php bloginfo('charset'); ?>">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title><?php wp_title('|', true, 'right'); bloginfo('name'); ?></title>
<link rel="stylesheet" href="<?php echo esc_url(get_stylesheet_uri()); ?>">
<?php wp_head(); ?>
</head>
<body <?php body_class(); ?>>
<header>
<p><a href="<?php echo esc_url(home_url('/')); ?>"><?php bloginfo('name'); ?></a></p>
<nav><?php wp_page_menu(); ?></nav>
</header>
<main>
<?php while (have_posts()) { the_post(); ?>
<article <?php post_class(); ?>>
<h1><a href="<?php the_permalink(); ?>"><?php the_title(); ?></a></h1>
<?php the_content(); ?>
</article>
<?php } ?>
<?php posts_nav_link(); ?>
</main>
<?php wp_footer(); ?>
</body>
</html>
"""
STYLE = b"""/*
Theme Name: Plain, until the theme is back
*/
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.6 system-ui, sans-serif; }
h1 a, header a { color: inherit; text-decoration: none; }
header { border-bottom: 1px solid; margin-bottom: 2rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1rem; list-style: none; padding: 0; }
img, video, iframe { max-width: 100%; height: auto; }
"""


def files_at(absolute: str, shown: str, folder_mode: int, file_mode: int) -> tuple[Change, ...]:
    """A folder of this name with the two files in it."""
    files = (("style.css", STYLE), ("index.php", INDEX))
    made = (CreateFile(f"{absolute}/{name}", f"{shown}/{name}", content, file_mode) for name, content in files)
    return (CreateFolder(absolute, shown, folder_mode), *made)


@repair(id=ID, title=_("Write a plain theme for one that is lost"), causes=("wordpress-theme",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Where the folder of the active theme, or of the one that it builds on, is not there at all, or is a link to nothing."""
    entries = {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    match, themes = _FOLDER.match(finding.path), entries.get(posixpath.dirname(finding.path))
    lost = next((link for link in evidence.lost_links if link.path == finding.path), None)
    is_there = finding.path in entries and lost is None
    if match is None or is_there or themes is None or themes.kind != "folder" or evidence.tree_truncated:
        return None
    near = (
        entry.mode for entry in entries.values() if entry.kind == "file" and entry.path.startswith(f"{posixpath.dirname(themes.path)}/")
    )
    changes = files_at(f"{themes.absolute}/{match['slug']}", finding.path, themes.mode, next(near, 0o644))
    changes = (*([aside(lost, evidence)] if lost else []), *changes)
    title = _("Let a plain theme stand in for the theme {theme}, which is lost").format(theme=match["slug"])
    why = _(
        "WordPress shows nothing without the folder of its theme. A plain one of two files shows the texts, the pictures in them and a "
        "menu of the pages. Upload the theme's own when you have it, after an undo."
    )
    affects = _("Every page of this WordPress: it looks different")
    return Plan(ID, finding.cause, title, why, changes, affects=affects, needs_person=_PERSON, sets_aside=True, removes=0)
