"""Whether the error log of a site could be read: noted where it is read anyway."""

from __future__ import annotations

from django.utils import timezone

from sites.models import Site

from .models import SiteSight


def note_error_log(site: Site, *, was_read: bool) -> None:
    """What came of reading the log that the site names; nothing where it names none."""
    if not site.error_log:
        return
    state = SiteSight.ErrorLog.READ if was_read else SiteSight.ErrorLog.UNREADABLE
    values = {"error_log": state, "error_log_path": site.error_log, "error_log_at": timezone.now()}
    SiteSight.objects.update_or_create(site=site, defaults=values)
