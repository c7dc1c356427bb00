"""A hosting account with a site of every system that is recognised: names and lines as those systems have them, secrets included."""

from __future__ import annotations

SECRET = "s3cret-Kx9-never-shown"  # in every settings file: must not be found anywhere else afterwards

WORDPRESS = f"""<?php
// define('WP_HOME', 'https://old.example/');
/* define('WP_SITEURL', 'https://older.example/'); */
define( 'DB_NAME', 'shop' ); define('DB_PASSWORD', '{SECRET}'); # {SECRET}
define('AUTH_KEY', 'https://{SECRET}.example/');
define('WP_HOME', 'https://shop.example/');
define("WP_SITEURL", "https://shop.example/wp");
"""
JOOMLA = f"""<?php
class JConfig {{
    public $live_site = 'https://verein.example';
    public $password = '{SECRET}';
    public $sitename = 'Verein';
}}
"""
DRUPAL = rf"""<?php
$databases['default']['default'] = ['password' => '{SECRET}'];
# $base_url = 'http://no.example';
$settings['hash_salt'] = '{SECRET}';
$settings['trusted_host_patterns'] = ['^www\.museum\.example$', '^.+\.museum\.example$'];
"""
PRESTASHOP = f"<?php return array('parameters' => array('database_password' => '{SECRET}', 'cookie_key' => '{SECRET}'));"
PRESTASHOP_RULES = r"""#Domain: laden.example
RewriteCond %{HTTP_HOST} ^laden\.example$
RewriteRule ^api$ api/ [L]
"""
MAGENTO = f"""<?php return ['db' => ['connection' => ['default' => ['password' => '{SECRET}']]],
'system' => ['default' => ['web' => ['unsecure' => ['base_url' => 'http://markt.example/']]]], 'crypt' => ['key' => '{SECRET}']];
"""
LARAVEL = f'APP_KEY=base64:{SECRET}\nAPP_URL=https://app.example # shown in mails\nDB_PASSWORD="{SECRET}"\n'
SYMFONY = f"APP_SECRET={SECRET}\nDATABASE_URL=mysql://user:{SECRET}@localhost/db\nDEFAULT_URI=https://symfony.example\n"
TYPO3_SITE = "base: 'https://behoerde.example/'\nlanguages:\n  - base: /de/\n"
VERSION_PHP = "<?php\n$wp_version = '6.4.2';\n$required_php_version = '7.0';\n"


def const(version: str) -> str:
    return f"<?php\nclass X\n{{\n    public const VERSION = '{version}';\n}}\n"


def everything() -> dict[str, str]:
    """Path below the home: content."""
    return {
        "www/wp-config.php": WORDPRESS,
        "www/wp-load.php": "<?php",
        "www/index.php": "<?php",
        "www/wp-includes/version.php": VERSION_PHP,
        "www/wp-content/plugins/akismet/index.php": "<?php",
        "www/wp-content/uploads/old.example/index.php": "<?php",
        "www/blog/wp-load.php": "<?php",
        "www/blog/wp-includes/version.php": VERSION_PHP.replace("6.4.2", "6.1"),
        "www/blog/wp-config.php": "<?php define('WP_HOME', 'https://' . $_SERVER['HTTP_HOST']);",
        "domains/verein.example/public_html/configuration.php": JOOMLA,
        "domains/verein.example/public_html/administrator/manifests/files/joomla.xml": "<extension><version>4.4.1</version></extension>",
        "museum/sites/default/settings.php": DRUPAL,
        "museum/index.php": "<?php",
        "museum/core/lib/Drupal.php": const("10.2.0"),
        "laden/classes/x.php": "", "laden/controllers/x.php": "", "laden/themes/x": "", "laden/modules/x": "",
        "laden/config/defines.inc.php": "<?php",
        "laden/app/config/parameters.php": PRESTASHOP,
        "laden/app/AppKernel.php": const("1.7.8.2"),
        "laden/.htaccess": PRESTASHOP_RULES,
        "markt/app/etc/env.php": MAGENTO,
        "markt/bin/magento": "#!/usr/bin/env php",
        "markt/pub/index.php": "<?php",
        "markt/composer.json": '{"require": {"magento/product-community-edition": "2.4.6-p3"}}',
        "app/artisan": "#!/usr/bin/env php", "app/.env": LARAVEL, "app/public/index.php": "<?php",
        "app/vendor/laravel/framework/src/Illuminate/Foundation/Application.php": const("10.3.1"),
        "symfony/bin/console": "", "symfony/config/bundles.php": "<?php return [];", "symfony/public/index.php": "<?php",
        "symfony/src/Kernel.php": "<?php", "symfony/.env": SYMFONY, "symfony/vendor/symfony/http-kernel/Kernel.php": const("6.4.2"),
        "behoerde/config/system/settings.php": f"<?php return ['DB' => ['password' => '{SECRET}']];",
        "behoerde/config/sites/main/config.yaml": TYPO3_SITE, "behoerde/public/index.php": "<?php",
        "behoerde/vendor/typo3/cms-core/Classes/Information/Typo3Version.php": const("12.4.8"),
        "plain.example/index.html": '<html><head><link rel="canonical" href="https://www.plain.example/"></head><p>hello',
        "notes/index.php": "<?php",
        "node_modules/x.example/index.html": "",
    }  # fmt: skip


# docroot below the home: (software, version, the address that comes first)
EXPECTED = {
    "www": ("wordpress", "6.4.2", "https://shop.example/"),
    "www/blog": ("wordpress", "6.1", "https://shop.example/blog/"),
    "domains/verein.example/public_html": ("joomla", "4.4.1", "https://verein.example/"),
    "museum": ("drupal", "10.2.0", "https://www.museum.example/"),
    "laden": ("prestashop", "1.7.8.2", "https://laden.example/"),
    "markt/pub": ("magento", "2.4.6-p3", "http://markt.example/"),
    "app/public": ("laravel", "10.3.1", "https://app.example/"),
    "symfony/public": ("symfony", "6.4.2", "https://symfony.example/"),
    "behoerde/public": ("typo3", "12.4.8", "https://behoerde.example/"),
    "plain.example": ("html", "", "https://www.plain.example/"),
}
