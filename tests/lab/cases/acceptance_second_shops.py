# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: shops, boards and other systems."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.edits import changed, lines_at
from tests.lab.sites.php_site import filler, php


@case(SHOWN, "prestashop")
def module_of_an_agency_after_the_upgrade(s: Scene) -> Truth:
    """It leans on something that the shop's new version does not have any more."""
    name = f"{s.rng.choice(('ag', 'nv', 'pk'))}_{s.rng.choice(('countdown', 'reassurance', 'instafeed', 'sizeguide'))}"
    wrong = s.rng.choice((
        "$this->context->smarty->assign('title', $title);", "$price = $this->getPriceFormatter()->format(19.9);", "$link = $this->context->link->getPageLink('contact');",
        "$number = intdiv(count($rows), $this->columns);",
    ))  # fmt: skip
    path = s.at(f"modules/{name}/{name}.php")
    s.write(path, php(filler(s.rng, s.rng.randint(0, 16)), f"class {name.title()}", "{", f"    public $name = '{name}';", "    protected $context;", "    protected $columns = 0;", "",
                      "    public function hookDisplayHome(): string", "    {", "        $title = 'New';", "        $rows = [1, 2, 3];", f"        {wrong}", "        return '<p>' . $title . '</p>';", "    }", "}"))  # fmt: skip
    s.write(s.at("config/modules.php"), php(f"return array('ps_banner', '{name}');"))
    return Truth("php-uncaught-exception", path, (s.line_of(path, wrong),), ("php-undefined-function",))


@case((*SHOWN, "ovh"), "opencart")
def shop_with_the_paths_of_the_old_host(s: Scene) -> Truth:
    """Files and tables moved, the settings say where they were."""
    path, here = s.at("config.php"), f"{s.path(s.www)}/"
    there = s.rng.choice(
        ("/home/oldaccount/public_html/", "/var/www/vhosts/shop.example/httpdocs/", "C:/xampp/htdocs/shop/", "/homez.412/shopuser/www/")
    )
    s.keep(path, s.read(path).decode().replace(here, there))
    marks = ("'DIR_SYSTEM'", "'DIR_APPLICATION'", "'DIR_IMAGE'")
    return Truth("php-missing-file", path, lines_at(s, path, *marks), paths=(s.at("index.php"),))


@case((*SHOWN, "ovh"), "magento")
def generated_code_cannot_be_written(s: Scene) -> Truth:
    """After a deployment that took write access away from everybody."""
    s.chmod(s.at("generated/code"), s.rng.choice((0o555, 0o505, 0o550)))
    return Truth("folder-not-writable", s.at("generated/code"), body=b"error processing your request", paths=(s.at("generated"),))


@case((*SHOWN, "ovh"), "joomla")
def apostrophe_in_the_name_of_the_site(s: Scene) -> Truth:
    """The settings were edited by hand."""
    path = s.at("configuration.php")
    name = s.rng.choice(("L'Atelier du Pain", "Anna's Holiday House", "Da Gino's", "Club de l'Étang"))
    wrong = f"$sitename = '{name}';"
    if s.rng.random() < 0.4:
        wrong = f"$offline_message = '{s.rng.choice(('Nous revenons dans l', 'Here we are again at eight o'))}'{s.rng.choice(('heure', 'clock'))}.';"
        changed(s, path, "$offline_message = 'This site is down for maintenance.';", wrong)
    else:
        changed(s, path, "$sitename = 'Shop';", wrong)
    return Truth("php-parse-error", path, (s.line_of(path, wrong),))


@case(("plain", "shared", "fcgid", "ovh"), "drupal", "joomla", "phpbb")
def rules_of_an_old_apache(s: Scene) -> Truth:
    """The .htaccess of a release of ten years ago was put back."""
    wrong = s.rng.choice((
        ("Order allow,deny",), ("Order Deny,Allow", "Deny from All"), ("Order allow,deny", "Deny from all", "Satisfy All"), ("deny from all",),
    ))  # fmt: skip
    names = s.rng.choice(
        ("\\.(engine|inc|info|install|module|profile|po|sh|.*sql)$", "^(composer\\.(json|lock)|README.*)$", "(config|common)\\.(php|inc)$")
    )
    section = [f'<FilesMatch "{names}">', *(f"  {line}" for line in wrong), "</FilesMatch>"]
    before = s.rng.choice(
        (["Options -Indexes"], ["DirectoryIndex index.php index.html"], ["# Protect files and directories from prying eyes."])
    )
    after = [
        "<IfModule mod_rewrite.c>",
        "  RewriteEngine on",
        "  RewriteCond %{REQUEST_FILENAME} !-f",
        "  RewriteCond %{REQUEST_FILENAME} !-d",
        "  RewriteRule ^ index.php [L]",
        "</IfModule>",
    ]
    # Every request must meet it: what stands in a section is read when the file is read.
    path = s.at(".htaccess")
    s.write(path, "\n".join([*before, "", *section, "", *after]) + "\n")
    return Truth("htaccess-apache22-syntax", path, lines_at(s, path, *wrong))


@case(SHOWN, "mediawiki")
def extension_that_was_not_uploaded(s: Scene) -> Truth:
    """The line is in the settings, the folder is not there."""
    name, path = s.rng.choice(("VisualEditor", "ParserFunctions", "ConfirmEdit", "CategoryTree", "WikiEditor")), s.at("LocalSettings.php")
    line = f"wfLoadExtension( '{name}' );"
    s.write(path, s.read(path).decode() + f"\n# {s.rng.choice(words.SENTENCES[:3])}\n{line}\n")
    return Truth(
        "php-missing-file",
        path,
        (s.line_of(path, line),),
        ("php-uncaught-exception",),
        paths=(s.at(f"extensions/{name}"), s.at(f"extensions/{name}/extension.json")),
    )
