# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Frameworks whose own files beside the docroot were changed, cut off in an upload or lost."""

from __future__ import annotations

from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.frameworks import base_of

EVERYWHERE = (*PHP, "ovh")
_THROWN = ("php-uncaught-exception", "application-answers-500")


def _cut(s: Scene, name: str, words: bytes) -> int:
    """The upload broke off behind these words. The line where PHP finds the end."""
    content = s.read(name)
    s.write(name, content[: content.index(words) + len(words)])
    return s.read(name).count(b"\n") + 1


@case(EVERYWHERE, "laravel")
def laravel_controller_cut_off(s: Scene) -> Truth:
    name = f"{base_of(s)}app/Http/Controllers/HomeController.php"
    line = _cut(s, name, b"__invoke(): string\n    {\n")
    return Truth("php-truncated-file", name, tuple(range(line - 3, line + 1)), ("php-parse-error", *_THROWN))


@case(EVERYWHERE, "laravel")
def laravel_settings_file_lost(s: Scene) -> Truth:
    name = f"{base_of(s)}config/{s.rng.choice(('app', 'view', 'session'))}.php"
    s.remove(name)
    program = f"{base_of(s)}vendor/laravel/framework/src/Illuminate/Foundation/Application.php"
    return Truth("php-missing-file", name, (), _THROWN, paths=(program,))


@case(EVERYWHERE, "laravel")
def laravel_routes_edited(s: Scene) -> Truth:
    name = f"{base_of(s)}routes/web.php"
    s.write(name, s.read(name).replace(b"::class];", b"::class, '/shop' => ];"))
    return Truth("php-parse-error", name, (s.line_of(name, "/shop"),), _THROWN)


@case(EVERYWHERE, "symfony")
def symfony_bundles_lost(s: Scene) -> Truth:
    name = f"{base_of(s)}config/bundles.php"
    s.remove(name)
    return Truth("php-missing-file", name, (), _THROWN, paths=(f"{base_of(s)}vendor/symfony/http-kernel/Kernel.php",))


@case(EVERYWHERE, "symfony")
def symfony_controller_lost(s: Scene) -> Truth:
    name = f"{base_of(s)}src/Controller/HomeController.php"
    s.remove(name)
    kernel = f"{base_of(s)}vendor/symfony/http-kernel/Kernel.php"
    return Truth("php-class-not-found", name, (), (*_THROWN, "php-missing-file"), paths=(kernel, f"{base_of(s)}src/Controller"))


@case(EVERYWHERE, "symfony")
def symfony_controller_edited(s: Scene) -> Truth:
    name = f"{base_of(s)}src/Controller/HomeController.php"
    s.write(name, s.read(name).replace(b"        return", b"        $text .= $this->prices->first();\n        return"))
    return Truth("php-uncaught-exception", name, (s.line_of(name, "prices"),), _THROWN)


@case(EVERYWHERE, "slim")
def slim_settings_edited(s: Scene) -> Truth:
    name = f"{base_of(s)}app/settings.php"
    s.write(name, s.read(name).replace(b"'logErrors' => true,", b"'logErrors' => true"))
    line = s.line_of(name, "logErrors")
    return Truth("php-parse-error", name, (line, line + 1), _THROWN)


@case(EVERYWHERE, "yii2")
def yii_database_settings_lost(s: Scene) -> Truth:
    name = f"{base_of(s)}config/db.php"
    s.remove(name)
    return Truth("php-missing-file", name, (), _THROWN, paths=(f"{base_of(s)}config/web.php",))


@case(EVERYWHERE, "codeigniter4")
def codeigniter_controller_cut_off(s: Scene) -> Truth:
    name = f"{base_of(s)}app/Controllers/Home.php"
    line = _cut(s, name, b"index(): string\n    {\n")
    return Truth("php-truncated-file", name, tuple(range(line - 3, line + 1)), ("php-parse-error", *_THROWN))
