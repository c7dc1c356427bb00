"""The host's side, and nothing wrong."""

from __future__ import annotations

from diagnostics.causes.base import Cause, RepairableBy
from sites.texts import mark as _

_H = RepairableBy.HOST

CAUSES = (
    Cause(
        "php-service-down",
        _("PHP is not running at the host"),
        _("The web server reaches no PHP at all. Only the host can start it."),
        _H,
        confused_with=("php-service-crash",),
    ),
    Cause(
        "php-service-crash",
        _("PHP crashes for every page at the host"),
        _("PHP ends abruptly whatever page is asked for."),
        _H,
        confused_with=("php-process-crash",),
    ),
    Cause(
        "upstream-timeout",
        _("The machine behind the web server does not answer in time"),
        _("Every page waits until the web server gives up."),
        _H,
        confused_with=("script-too-slow",),
    ),
    Cause(
        "upstream-bad-gateway",
        _("The machine behind the web server cannot be reached"),
        _("The web server in front gets no proper answer from the one behind it."),
        _H,
    ),
    Cause(
        "hosting-out-of-service",
        _("The hosting itself is out of service"),
        _("It has expired, is not paid, or is in maintenance. Nothing in the site's files is to blame."),
        _H,
    ),
    Cause(
        "web-application-firewall",
        _("The host's firewall refuses the request"),
        _("A rule of the host's firewall takes the request for an attack. The site itself is not at fault."),
        _H,
    ),
    Cause(
        "resource-limit-reached",
        _("The account uses more than its plan allows at once"),
        _("The host stops programs of an account that needs more processes, memory or time than it may have. It often passes by itself."),
        _H,
        confused_with=("upstream-timeout",),
    ),
    Cause(
        "web-server-unreachable",
        _("The web server does not answer at all"),
        _("Its line is closed, refused or silent before a word is said, so that no page of the site can be seen."),
        _H,
        confused_with=("upstream-bad-gateway",),
    ),
    Cause(
        "request-too-long",
        _("The host takes no request as large as this one"),
        _("What was sent to the site, mostly an upload, is larger than the host lets through to PHP. Only the host can change that."),
        _H,
    ),
    Cause(
        "index-file-missing",
        _("The start page is missing"),
        _("The folder has no index file, and the host shows no list of files."),
        repairs=("lead-link-again", "rename-back", "rename-index", "move-site-up", "comment-out-htaccess-line", "restore-file"),
    ),
    Cause(
        "redirect-loop",
        _("The site redirects for ever"),
        _("Every address sends the browser on to one that sends it back."),
        repairs=("comment-out-htaccess-line", "restore-file", "set-aside-part"),
    ),
    Cause("none", _("Nothing is wrong"), _("The site answers as it should. What the log holds is old or harmless."), RepairableBy.NOBODY),
)
