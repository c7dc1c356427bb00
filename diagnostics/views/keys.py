"""Keys that Sitemend makes for a hosting account: made, tested when installed, forgotten."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from diagnostics.connections import account_keys

from .. import access
from ..forms import KeyKindForm


@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a key for a stored account."""
    host = access.get_host(request, pk, write=True)
    form = KeyKindForm(request.POST)
    if not form.is_valid() or host.next_public_key:
        messages.error(request, _("No key was made. Look at what this page shows now."))
        return redirect("diagnostics:host", host.pk)
    try:
        account_keys.make_for(host, form.cleaned_data["kind"])
    except account_keys.KeyNotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The key is made, and its private half is sealed. Now install the public line at your host."))
    return redirect("diagnostics:host", host.pk)


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Tries the key that waits to be installed."""
    host = access.get_host(request, pk, write=True)
    if host.next_public_key:
        result = account_keys.test_next(host)
        (messages.success if result.ok else messages.error)(request, f"{result.message} {result.hint}".strip())
    return redirect("diagnostics:host", host.pk)


@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Drops the key that waits; what is in use stays."""
    host = access.get_host(request, pk, write=True)
    if host.next_public_key:
        account_keys.forget_next(host)
        messages.success(request, _("The new key is forgotten. Take its line out of the account if you added it there."))
    return redirect("diagnostics:host", host.pk)
