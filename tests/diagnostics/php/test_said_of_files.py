# ruff: noqa: E501 (a message stays on one line)
"""What messages of programs say of files that are not their own code."""

from __future__ import annotations

import pytest

from diagnostics.php.said_of_files import Named, absent, names_path, not_written, paths_in, setting, settings_place, variable


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('Missing = in the environment variable declaration in "/srv/x/.env" at line 4.\n...A B...', Named("/srv/x/.env", 4)),
        ('A colon cannot be used in an unquoted mapping value in "/srv/x/config/a.yaml" at line 12 (near "a: b: c").', Named("/srv/x/config/a.yaml", 12)),
        ("Compile Error: Malformed inline YAML string at line 3 in \"user/config/system.yaml\"", Named("user/config/system.yaml", 3)),
        ("syntax error, unexpected '=' in /srv/x/conf/app.ini on line 7", Named("/srv/x/conf/app.ini", 7)),
        ('Unexpected token in "home/index.html.twig" at line 22.', Named("home/index.html.twig", 22)),
        ('A YAML file cannot contain tabs as indentation in "/srv/x/config/services.yaml" at line 12 (near "\tApp:").', Named("/srv/x/config/services.yaml", 12)),
        ('The file "/srv/x/config/services.yaml" does not contain valid YAML: Unable to parse at line 24 (near "foo").', Named("/srv/x/config/services.yaml", 24)),
        ('Duplicate key "parameters" detected in "/srv/x/.env.yaml" at line 24 (near "x").', Named("/srv/x/.env.yaml", 24)),
        ('Unable to parse modules/shop/shop.info.yml A colon cannot be used in an unquoted mapping value at line 3 (near "a: b: c").', Named("modules/shop/shop.info.yml", 3)),
        ('The service file "/srv/x/modules/shop/shop.services.yml" is not valid: Unable to parse at line 5 (near "x").', Named("/srv/x/modules/shop/shop.services.yml", 5)),
        ('YamlFile: Failed to read /srv/x/user/config/site.yaml: A YAML file cannot contain tabs as indentation at line 7 (near "x")', Named("/srv/x/user/config/site.yaml", 7)),
        ("(config/database.yml): did not find expected key while parsing a block mapping at line 3 column 3", Named("config/database.yml", 3)),
        ("Unexpected ':' on line 5 at column 3 in '/srv/x/config/local.neon'", Named("/srv/x/config/local.neon", 5)),
        ("include(/srv/x/config.yaml): failed to open stream: No such file or directory in /srv/x/a.php on line 5", None),
        ("Unable to read the file /srv/x/a.yaml; see the manual on line 5", None),
        ("Uncaught RuntimeException: No price in /srv/x/app/Price.php:12", None),
    ],
)  # fmt: skip
def test_settings_and_their_line_are_told_apart_from_code(text: str, place: Named | None) -> None:
    assert settings_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        'Uncaught RuntimeException: Unable to write in the "cache" directory (/srv/x/var/cache) in /srv/x/vendor/Kernel.php:12',
        "The directory is not writable by the Web process: /srv/x/var/cache",
        'Cache unable to write to "/srv/x/var/cache/".',
        "file_put_contents(/srv/x/var/cache): Failed to open stream: Permission denied",
        'The stream or file "/srv/x/var/cache" could not be opened in append mode: Failed to open stream: Permission denied',
        "Error: $CFG->dataroot is not writable, admin has to fix directory permissions! Exiting. /srv/x/var/cache",
    ],
)
def test_what_could_not_be_written_is_named_whoever_says_it(text: str) -> None:
    assert not_written(text) == [Named("/srv/x/var/cache")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('Uncaught PathException: Unable to read the "/srv/x/.env" environment file. in /srv/x/vendor/Dotenv.php:552', "/srv/x/.env"),
        ("Your system folder path does not appear to be set correctly. Please open the following file: index.php", "system"),
        ("No configuration file found and no installation code available. Exiting...", "configuration.php"),
        ("The config.php file could not be found.", "config.php"),
        ("LocalSettings.php not found.", "LocalSettings.php"),
        ("Dependencies are missing: please run composer install", "vendor/autoload.php"),
        ("Unable to locate the model you have specified: Prices_model", "Prices_model.php"),
        ("file_get_contents(/srv/x/data/rates.json): Failed to open stream: No such file or directory", "/srv/x/data/rates.json"),
    ],
)
def test_what_is_not_there_is_named_whoever_says_it(text: str, name: str) -> None:
    assert [each.path for each in absent(text)] == [name]


def test_settings_that_nobody_made_are_named() -> None:
    assert variable('Environment variable not found: "DATABASE_URL".') == "DATABASE_URL"
    assert setting("yii\\web\\Request::cookieValidationKey must be configured with a secret key.") == "cookieValidationKey"
    assert not variable("No price for mug") and not setting("No price for mug")
    assert not absent("No price for mug in /srv/x/a.php:3") and not not_written("No price for mug in /srv/x/a.php:3")


@pytest.mark.parametrize(
    "text",
    [
        "#1 /srv/x/shop/index.php(12): require_once('/var/www/siteme...')",
        "#1 /srv/x/shop/index.php(12): Shop\\Files->write('/var/www/siteme…', Array)",
        "AH01071: Got error 'PHP message: cannot open /var/www/siteme […] hop/index.php",
        f"{'x ' * 1000}and then /var/www/siteme",
    ],
)
def test_path_of_which_only_a_part_was_written_is_none(text: str) -> None:
    assert "/var/www/siteme" not in {path.rstrip(".…") for path in paths_in(text)}


def test_path_names_what_is_in_it_and_nothing_that_begins_alike() -> None:
    assert names_path("mkdir(/var/old/shop/cache): no", "/var/old/shop") and names_path("no /var/old/shop.", "/var/old/shop")
    assert not any(
        names_path(text, "/var/old/shop") for text in ("/var/old/shop2/x", "/srv/var/old/shop/x", "'/var/old/shop...'", "/var/old/shop.bak")
    )


def test_files_of_codeigniter_are_named_with_the_folder_they_lie_in() -> None:
    found = absent("ERROR - 2026-11-23 06:08:33 --> Unable to load the requested file: welcome_message.php")
    assert [(each.folder, each.path) for each in found] == [("application/views", "welcome_message.php")]
    found = absent("Unable to locate the model you have specified: shop/Prices_model")
    assert [(each.folder, each.path) for each in found] == [("application/models", "shop/Prices_model.php")]
