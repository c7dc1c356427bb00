"""Files of WordPress, plugins and themes are put back as they were published: from a real HTTP server onto a real sshd and FTP server."""

from __future__ import annotations

import pytest

from tests.diagnostics.restoring.test_looking import finding

LOAD = "wp-includes/load.php"
WORDPRESS = {
    "index.php": b"<?php\nrequire __DIR__ . '/wp-blog-header.php';\n",
    "wp-blog-header.php": b"<?php\nrequire_once __DIR__ . '/wp-load.php';\n",
    "wp-load.php": b"<?php\nrequire_once __DIR__ . '/wp-config.php';\n",
    "wp-settings.php": b"<?php\ndefine( 'WPINC', 'wp-includes' );\nrequire ABSPATH . WPINC . '/load.php';\n",
    "wp-config-sample.php": b"<?php\n// a sample\n",
    "readme.html": b"<h1>WordPress</h1>",
    "wp-admin/install.php": b"<?php\n// installs\n",
    "wp-admin/admin.php": b"<?php\nrequire_once __DIR__ . '/includes/admin.php';\n",
    "wp-admin/includes/admin.php": b"<?php\n// all of the administration\n",
    "wp-includes/version.php": b"<?php\n$wp_version = '6.1.1';\n",
    LOAD: b"<?php\nfunction wp_load_it() {\n    return 'loaded';\n}\n\nfunction wp_more() {\n}\n",
    "wp-includes/plugin.php": b"<?php\nfunction add_filter( $name ) {\n    return $name;\n}\n",
    "wp-includes/post.php": b"<?php\n// posts\n" + b"// line of a long file\n" * 20_000,
    "wp-includes/rest-api/server.php": b"<?php\nclass WP_REST_Server {\n}\n",
    "wp-includes/rest-api/fields/meta.php": b"<?php\nclass WP_REST_Meta_Fields {\n}\n",
    "wp-includes/css/a.css": b"p { margin: 0 }\n",
    "wp-content/themes/index.php": b"<?php\n",
}
FORMS = {
    "forms.php": b"<?php\n/* Plugin Name: Forms\n * Version: 2.1 */\nrequire __DIR__ . '/inc/show.php';\n",
    "inc/show.php": b"<?php\nfunction forms_show() {\n    return 'form';\n}\n",
    "inc/send.php": b"<?php\nfunction forms_send() {\n}\n",
    "readme.txt": b"=== Forms ===\nStable tag: 2.1\n",
}
PLUGIN = "wp-content/plugins/forms"
THEME = {
    "style.css": b"/*\nTheme Name: Plain\nVersion: 1.3\n*/\n",
    "index.php": b"<?php\nget_header();\n",
    "functions.php": b"<?php\n// t\n",
}


def core(path: str = LOAD, cause: str = "wordpress-core-file", said: str = ""):  # noqa: ANN201
    return finding(cause, f"www/{path}", said)


EVERYWHERE = pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)
