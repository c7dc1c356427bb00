"""The whole address space: pages of what is watched, pages of diagnoses and repairs, Django's admin."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from sites.views import accounts

urlpatterns = [
    path("admin/login/", accounts.log_in),  # one door: where refused tries are counted
    path("admin/", admin.site.urls),
    path("", include("sites.urls")),
    path("", include("diagnostics.urls")),
]

handler400 = "config.error_views.bad_request"
handler403 = "config.error_views.permission_denied"
handler404 = "config.error_views.not_found"
handler500 = "config.error_views.server_error"
