"""What a person can do about each cause without this product: steps in their order, for somebody who has a file manager or SFTP."""

from __future__ import annotations

from sites.texts import mark as _

_COPY = _("Keep a copy of the file before you change anything in it.")
_HASH = _("Write a # before the line that is named. The web server then passes over it, and taking the # away brings it back.")
_ASIDE = _("Or rename .htaccess to .htaccess.old for a moment: if the site answers then, the file is to blame.")
_LAST_GOOD = _("Put the file back as it was: from your host's backup, from the release you installed, or from your own copy.")
_PHP_PANEL = _("Choose another PHP version or extension in your host's panel, and look at the site again a minute later.")
_WP_ASIDE = _("Rename its folder, for example by adding “.off” to the name. WordPress then leaves it out, and its data stay.")
_WP_AGAIN = _("Once the site answers, install it again or update it, and rename it back.")
_DB_SETTINGS = _("Compare the name, user, password and address of the database in the site's settings with those in your host's panel.")
_DB_BACKUP = _("Your host keeps dated copies of the database. Before you bring one back, export what is there now.")
_STATUS = _("Look at your host's status page first: it may be known there already.")
_SUPPORT = _("Then send its support the words below. Your own files are in order, as far as can be seen.")
_LOG = _("Look at the line of the log that is shown: it names the file and the place in it.")

_LINE = (_COPY, _HASH, _ASIDE)
_CODE = (_LOG, _LAST_GOOD, _("If nobody changed the file, ask whoever looks after the site's code."))

BY_HAND: dict[str, tuple[str, ...]] = {
    "htaccess-invalid-directive": (_COPY, _("Correct the word if you see how it was meant. If not, write a # before the line."), _ASIDE),
    "htaccess-module-not-loaded": _LINE,
    "htaccess-php-directive-under-fpm": (
        _COPY,
        _("Write a # before each line that begins with php_value or php_flag."),
        _("If the site needs it, write it into a file .user.ini in the same folder, as “name = value”. It counts after 5 minutes."),
    ),
    "htaccess-apache22-syntax": (
        _COPY,
        _("Write “Require all granted” in place of “Allow from all”, and “Require all denied” in place of “Deny from all”."),
        _("Rules for single addresses become “Require ip ADDRESS”. Keep what shuts visitors out: it is there for a reason."),
    ),
    "htaccess-directive-not-allowed": (*_LINE, _("If the site needs the line, ask your host what to use in its place.")),
    "htaccess-unclosed-section": (
        _COPY,
        _("Every <Word …> needs its own </Word> below it. Add the end that is missing, or remove the one that is too many."),
        _ASIDE,
    ),
    "htaccess-bad-rewrite-flag": (_COPY, _("Inside the brackets at the end of the rule: no spaces, and a comma between two flags."), _HASH),
    "htaccess-bad-regex": (
        _COPY,
        _("Write a # before the rule, and before the RewriteCond lines directly above it, which belong to it."),
        _ASIDE,
    ),
    "htaccess-bad-argument": _LINE,
    "htaccess-bad-errordocument": (_COPY, _("Write the number of a real error, such as 404 or 500, or a # before the line."), _ASIDE),
    "htaccess-rewrite-loop": (
        _COPY,
        _("Write a # before the rule that is named. In WordPress, saving Settings, Permalinks writes the usual rules again."),
        _ASIDE,
    ),
    "htaccess-wordpress-block": (
        _COPY,
        _("Save Settings, Permalinks in WordPress: it writes its block again. Lines outside of the block stay as they are."),
    ),
    "htaccess-byte-order-mark": (_COPY, _("Save the file again as “UTF-8 without BOM”, or as plain text."), _ASIDE),
    "htaccess-auth-file-missing": (
        _("Bring the password file back to the place that AuthUserFile names, or correct that path."),
        _("Is it lost? The guided repair makes a new one, or your host's panel (often “protect a folder”), or htpasswd -cB on a shell."),
        _("Removing the lines would open the folder to everybody: only do so if that is what you want."),
    ),
    "htaccess-proxy-target-down": (
        _("Start the program that the rule passes requests on to, or ask whoever runs it."),
        _("If it is gone for good, write a # before the rule and its RewriteCond lines."),
    ),
    "htaccess-php-handler-override": (_COPY, _HASH, _("Then choose the PHP version in your host's panel.")),
    "htaccess-unreadable": (_("Give .htaccess the permissions 644 (604 at OVHcloud) in your file manager."),),
    "file-unreadable": (_("Give the file the permissions 644 (604 at OVHcloud) in your file manager."),),
    "folder-not-traversable": (
        _("Give the folder the permissions 755 (705 at OVHcloud) in your file manager."),
        _("Change this one folder only, not everything in it."),
    ),
    "folder-not-writable": (
        _("Let the owner write into the folder: permissions 755 (705 at OVHcloud)."),
        _("If it belongs to another user, ask your host to give it to yours. Never use 777."),
    ),
    "root-disabled-by-host": (
        _("Look for mail from your host: it says why the account was shut and what it expects of you."),
        _("Do not give the permissions back by yourself: clean up first, then ask the host to open the account."),
    ),
    "cgi-not-executable": (_("Give the script the permissions 755 (705 at OVHcloud) in your file manager."),),
    "cgi-writable-by-others": (_("Give the script and its folder the permissions 755 (705 at OVHcloud)."),),
    "cgi-windows-line-endings": (_COPY, _("Save the script with Unix line ends (LF), or upload it again in text mode (ASCII).")),
    "cgi-interpreter-missing": (
        _COPY,
        _("Correct the path in the first line of the script, for example #!/usr/bin/perl or #!/usr/bin/env python3."),
    ),
    "cgi-malformed-header": (
        _LAST_GOOD,
        _("The script must print “Content-Type: text/html” and an empty line before anything else. That is work for its developer."),
    ),
    "cgi-no-output": (_LAST_GOOD, _("If nobody changed the script, ask whoever wrote it: it ends before it prints anything.")),
    "cgi-script-error": (_LAST_GOOD, _("If nobody changed the script, ask whoever wrote it and send the message that is shown.")),
    "php-parse-error": _CODE,
    "php-truncated-file": (_("Upload the file again, whole. After an update that was broken off, run the update again."), _LAST_GOOD),
    "php-uncaught-exception": _CODE,
    "php-undefined-function": (_("Upload the program again, whole: a file of it may be missing."), _LAST_GOOD),
    "php-missing-extension": (_PHP_PANEL, _("If the extension cannot be chosen there, ask your host for it.")),
    "php-removed-function": (
        _("Go back to the PHP version with which the site worked, in your host's panel."),
        _("Then have the code updated: old PHP versions get no more security updates."),
    ),
    "php-version-incompatible-code": (
        _("Go back to the PHP version with which the site worked, in your host's panel."),
        _("Then update the program, plugin or theme that is named."),
    ),
    "php-class-not-found": (
        _("Look whether the file is there, also with small and capital letters: to this host these are different names."),
        _("Upload the program again, whole, or run the broken-off update again."),
    ),
    "php-missing-file": (
        _("Look whether the file is there, also with small and capital letters: to this host these are different names."),
        _("Upload it again, or bring it back from your host's backup."),
    ),
    "php-memory-limit": (
        _("Undo what was installed or changed last: a page that suddenly needs more memory mostly has a reason there."),
        _("If the plan allows it, raise memory_limit in .user.ini or in your host's panel."),
    ),
    "php-max-execution-time": (
        _("Undo what was installed or changed last, or switch off what runs on this page (imports, backups, statistics)."),
        _("Raising the limit only makes visitors wait longer."),
    ),
    "script-too-slow": (
        _("Switch off what runs on this page and may wait for others: imports, feeds, statistics, calls to other services."),
        _("If it goes on, a developer has to find what takes so long."),
    ),
    "php-fatal-hidden": _CODE,
    "php-byte-order-mark": (_COPY, _("Save the file again as “UTF-8 without BOM”.")),
    "php-session-path-not-writable": (
        _("Remove session.save_path from .user.ini, so that the host's own folder is used. It counts after 5 minutes."),
        _("Or make the folder that is named, and let its owner write into it."),
    ),
    "user-ini-bad-prepend": (
        _("Write a semicolon before the line auto_prepend_file (or auto_append_file) in .user.ini. It counts after 5 minutes."),
        _("If a security plugin put it there, install that plugin again, or remove it by its own settings."),
    ),
    "user-ini-memory-limit-too-low": (
        _("Set memory_limit in .user.ini to a usual value such as 256M, or remove the line. It counts after 5 minutes."),
    ),
    "open-basedir": (_("Remove open_basedir from .user.ini, or add the folder that is named. It counts after 5 minutes."),),
    "disk-full": (
        _("Look at what takes the room: mostly logs, backups and caches. Download what you may need before you delete it."),
        _("E-mail counts at many hosts, too. A larger plan is the other way."),
    ),
    "application-answers-500": (
        _("Look into the program's own log, often in a folder named log, logs or var."),
        _("Undo what was changed last in the program: an update, an extension, a setting."),
    ),
    "application-stuck-maintenance": (
        _("Ask whoever looks after the site whether work on it is still going on. If so, leave it."),
        _("End the maintenance in the program itself; else remove the file that is named, or switch the named setting off."),
    ),
    "php-process-crash": (
        _("Undo what was changed last on the pages that fail, or switch off what only they use."),
        _PHP_PANEL,
    ),
    "database-access-denied": (
        _DB_SETTINGS,
        _("If nobody knows the password, set a new one in the panel, and write it into the site's settings at once."),
        _("Where the database says that its user is locked, or that the password has expired, the panel or the host has to open it first."),
    ),
    "database-missing": (_DB_SETTINGS, _DB_BACKUP),
    "database-server-down": (_DB_SETTINGS, _("If they agree, look at your host's status page, then write to its support.")),
    "database-table-missing": (
        _("Look whether the beginning of the tables' names in the settings ($table_prefix in WordPress) is the one that the tables have."),
        _DB_BACKUP,
    ),
    "database-table-crashed": (_("Open phpMyAdmin in your host's panel, mark the table, and choose “Repair table”."), _DB_BACKUP),
    "database-too-many-connections": (
        _("Wait a few minutes: it often passes by itself."),
        _("If it comes back, look at what asks so much: a plugin, many visitors at once, or robots."),
    ),
    "wordpress-plugin": (_("Find the plugin's folder in wp-content/plugins."), _WP_ASIDE, _WP_AGAIN),
    "wordpress-plugin-php-incompatible": (
        _("Find the plugin's folder in wp-content/plugins."),
        _WP_ASIDE,
        _("Or go back to the PHP version with which the site worked, until there is an update of the plugin."),
    ),
    "wordpress-plugin-memory": (_("Find the plugin's folder in wp-content/plugins."), _WP_ASIDE, _WP_AGAIN),
    "wordpress-theme": (
        _("Rename the theme's folder in wp-content/themes. WordPress then uses another theme that is installed."),
        _("Once the site answers, install the theme again or bring back its last good version."),
    ),
    "wordpress-mu-plugin": (_("Rename the file in wp-content/mu-plugins, for example by adding “.off”."), _WP_AGAIN),
    "wordpress-dropin": (
        _("Rename the file in wp-content that is named, for example by adding “.off”. The plugin that made it makes it again."),
    ),
    "wordpress-core-file": (
        _("Download the same release of WordPress, and upload its folders wp-admin and wp-includes over those of the site."),
        _("Leave wp-content and wp-config.php as they are: your pictures, plugins and settings are there."),
    ),
    "recent-change": (_("Look at the files that are named first: who changed them, and what for?"), _LAST_GOOD),
    "wordpress-config-syntax": (_COPY, _("Correct the line that is named: mostly a quote or a semicolon is missing there."), _LAST_GOOD),
    "wordpress-stuck-maintenance": (
        _("Remove the file .maintenance from the site's folder."),
        _("Then start the update once more that was broken off."),
    ),
    "php-service-down": (_STATUS, _SUPPORT),
    "php-service-crash": (_STATUS, _SUPPORT),
    "upstream-timeout": (_STATUS, _SUPPORT),
    "upstream-bad-gateway": (_STATUS, _SUPPORT),
    "hosting-out-of-service": (
        _("Look at your host's panel: is the hosting paid, and until when? Renew it there if it has expired."),
        _("If it is in maintenance, wait until that is over. Change nothing in the site's files for this."),
    ),
    "web-application-firewall": (
        _("Nothing is broken in your site: please do not change it for this."),
        _("Ask your host to let this request through. At OVHcloud, the firewall can be switched off in the panel."),
    ),
    "resource-limit-reached": (
        _("Wait a few minutes, then look again: who used so much may have ended by then."),
        _("Look in your host's panel how much the account uses, and when: a timed job, a robot or one slow page is behind it mostly."),
    ),
    "web-server-unreachable": (_STATUS, _SUPPORT),
    "request-too-long": (
        _("Send less at once: a smaller picture or file, or a large one by SFTP into the site's folder."),
        _("If it is needed often, ask your host to raise the limit."),
    ),
    "index-file-missing": (
        _("Put the start page back (index.php or index.html): upload it again, or bring it back from your host's backup."),
        _("If the site lies in a folder of its own inside of it, move what is in that folder one up in your host's file manager."),
        _("If you moved the site to another folder, tell your host's panel which folder belongs to this address."),
    ),
    "redirect-loop": (
        _("Look at the site's own address in its settings: http or https, with or without www. It must be the one visitors use."),
        _("Look at redirects in .htaccess and at what stands in front of the site, such as Cloudflare: two of them may contradict."),
    ),
    "none": (_("Nothing needs to be done."),),
}
