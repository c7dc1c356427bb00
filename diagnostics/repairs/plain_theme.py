"""A theme of two files that shows the texts of a WordPress and nothing else: it stands in where no other theme is at hand.

developer.wordpress.org, "Main Stylesheet" and "Template Hierarchy": a theme has to have style.css with its name and index.php, which
shows every kind of page where nothing more special is there.
"""

from __future__ import annotations

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
