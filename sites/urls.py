"""Addresses of this app, below the name "sites"."""

from __future__ import annotations

from django.urls import URLPattern, path

from .views import accounts, dashboard, incidents, mail, settings, sites

app_name = "sites"

urlpatterns: list[URLPattern] = [
    path("", dashboard.show, name="dashboard"),
    path("sites/new/", sites.register, name="site-new"),
    path("sites/<int:pk>/", sites.show, name="site"),
    path("sites/<int:pk>/edit/", sites.edit, name="site-edit"),
    path("sites/<int:pk>/delete/", sites.delete, name="site-delete"),
    path("sites/<int:pk>/pause/", sites.pause, name="site-pause"),
    path("sites/<int:pk>/resume/", sites.resume, name="site-resume"),
    path("sites/<int:pk>/mute/", sites.mute, name="site-mute"),
    path("sites/<int:pk>/probe/", sites.probe, name="site-probe"),
    path("incidents/", incidents.index, name="incidents"),
    path("incidents/<int:pk>/", incidents.show, name="incident"),
    path("incidents/<int:pk>/acknowledge/", incidents.acknowledge, name="incident-acknowledge"),
    path("incidents/<int:pk>/mute/", incidents.mute, name="incident-mute"),
    path("incidents/<int:pk>/resolve/", incidents.resolve, name="incident-resolve"),
    path("mail/", mail.index, name="mail"),
    path("mail/<int:pk>/", mail.show, name="mail-message"),
    path("mail/<int:pk>/html/", mail.html_part, name="mail-html"),
    path("settings/", settings.show, name="settings"),
    path("settings/test-mail/", settings.send_test_mail, name="settings-test-mail"),
    path("account/", accounts.account, name="account"),
    path("account/password/", accounts.change_password, name="password"),
    path("login/", accounts.log_in, name="login"),
    path("logout/", accounts.log_out, name="logout"),
    path("first-run/<str:token>/", accounts.first_run, name="first-run"),
]
