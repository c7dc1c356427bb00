"""Addresses of this app, below the name "sites"."""

from __future__ import annotations

from django.urls import URLPattern, path

from .views import accounts, dashboard, deploying, evidence, health, incidents, mail, maintenance, settings, sites

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
    path("sites/<int:pk>/deploy/", deploying.start, name="site-deploy"),
    path("sites/<int:pk>/deploy/done/", deploying.finish, name="site-deploy-done"),
    path("sites/<int:pk>/deploy/hook/", deploying.hook, name="site-deploy-hook"),
    path("deploy/<str:token>/start", deploying.hook_start, name="deploy-start"),
    path("deploy/<str:token>/finish", deploying.hook_finish, name="deploy-finish"),
    path("deploy/<str:token>/status", deploying.hook_status, name="deploy-status"),
    path("maintenance/", maintenance.index, name="maintenance"),
    path("maintenance/new/", maintenance.new, name="maintenance-new"),
    path("maintenance/preview/", maintenance.preview, name="maintenance-preview"),
    path("maintenance/<int:pk>/edit/", maintenance.edit, name="maintenance-edit"),
    path("maintenance/<int:pk>/end/", maintenance.end, name="maintenance-end"),
    path("maintenance/<int:pk>/delete/", maintenance.delete, name="maintenance-delete"),
    path("incidents/", incidents.index, name="incidents"),
    path("incidents/<int:pk>/", incidents.show, name="incident"),
    path("incidents/<int:pk>/acknowledge/", incidents.acknowledge, name="incident-acknowledge"),
    path("incidents/<int:pk>/mute/", incidents.mute, name="incident-mute"),
    path("incidents/<int:pk>/resolve/", incidents.resolve, name="incident-resolve"),
    path("evidence/<int:pk>/", evidence.show, name="evidence"),
    path("evidence/<int:pk>/text/", evidence.text, name="evidence-text"),
    path("evidence/<int:pk>/picture/", evidence.picture, name="evidence-picture"),
    path("mail/", mail.index, name="mail"),
    path("mail/<int:pk>/", mail.show, name="mail-message"),
    path("mail/<int:pk>/html/", mail.html_part, name="mail-html"),
    path("health/", health.show, name="health"),
    path("settings/", settings.show, name="settings"),
    path("settings/test-mail/", settings.send_test_mail, name="settings-test-mail"),
    path("account/", accounts.account, name="account"),
    path("account/password/", accounts.change_password, name="password"),
    path("login/", accounts.log_in, name="login"),
    path("logout/", accounts.log_out, name="logout"),
    path("first-run/<str:token>/", accounts.first_run, name="first-run"),
]
