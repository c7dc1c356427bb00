"""Addresses of this app, below the name "diagnostics"."""

from __future__ import annotations

from django.urls import URLPattern, path

from .views import accounts, actions, causes, connections, diagnoses, files, hosts, importing, keys, practice, read_only, repairs, versions
from .views import coverage as blind_spots

app_name = "diagnostics"

urlpatterns: list[URLPattern] = [
    path("imports/", importing.index, name="imports"),
    path("imports/<int:pk>/", importing.show, name="import"),
    path("imports/<int:pk>/undo/", importing.undo, name="import-undo"),
    path("coverage/", blind_spots.show, name="coverage"),
    path("coverage/mend/", blind_spots.mend, name="coverage-mend"),
    path("coverage/connect/", blind_spots.connect, name="coverage-connect"),
    path("hosts/", hosts.index, name="hosts"),
    path("hosts/test-untested/", hosts.test_untested, name="hosts-test-untested"),
    path("hosts/new/", hosts.new, name="host-new"),
    path("hosts/<int:pk>/", hosts.show, name="host"),
    path("hosts/<int:pk>/done/", actions.index, name="host-actions"),
    path("hosts/<int:pk>/read-only/", read_only.switch, name="host-read-only"),
    path("hosts/<int:pk>/edit/", hosts.edit, name="host-edit"),
    path("hosts/<int:pk>/delete/", hosts.delete, name="host-delete"),
    path("hosts/<int:pk>/test/", hosts.test, name="host-test"),
    path("hosts/<int:pk>/accept-key/", hosts.accept_key, name="host-accept-key"),
    path("hosts/<int:pk>/key/make/", keys.make, name="host-key-make"),
    path("hosts/<int:pk>/key/test/", keys.test, name="host-key-test"),
    path("hosts/<int:pk>/key/forget/", keys.forget, name="host-key-forget"),
    path("hosts/<int:pk>/found/", accounts.show, name="host-found"),
    path("hosts/<int:pk>/found/look/", accounts.look, name="host-look"),
    path("hosts/<int:pk>/found/stop/", accounts.stop, name="host-look-stop"),
    path("hosts/<int:pk>/found/register/", accounts.register, name="host-found-register"),
    path("sites/<int:pk>/connect/", hosts.connect, name="site-connect"),
    path("sites/<int:pk>/disconnect/", hosts.disconnect, name="site-disconnect"),
    path("sites/<int:pk>/places/", hosts.places, name="site-places"),
    path("sites/<int:pk>/diagnose/", diagnoses.start, name="diagnose"),
    path("diagnoses/<int:pk>/", diagnoses.show, name="diagnosis"),
    path("sites/<int:pk>/files/", files.show, name="site-files"),
    path("sites/<int:pk>/files/take/", files.take, name="baseline-take"),
    path("sites/<int:pk>/files/cancel/", files.cancel, name="baseline-cancel"),
    path("sites/<int:pk>/files/compare/", files.compare, name="files-compare"),
    path("comparisons/<int:pk>/", files.comparison, name="comparison"),
    path("comparisons/<int:pk>/cancel/", files.cancel_comparison, name="comparison-cancel"),
    path("repairs/", repairs.index, name="repairs"),
    path("repairs/start/<int:incident_pk>/", repairs.start_for_incident, name="repair-start"),
    path("sites/<int:pk>/repair/", repairs.start_for_site, name="site-repair"),
    path("repairs/<int:pk>/", repairs.show, name="repair"),
    path("repairs/<int:pk>/look/", repairs.look, name="repair-look"),
    path("repairs/<int:pk>/apply/", repairs.apply, name="repair-step-start"),
    path("repairs/<int:pk>/skip/", repairs.skip, name="repair-skip"),
    path("repairs/<int:pk>/close/", repairs.close, name="repair-close"),
    path("repairs/<int:pk>/report/", repairs.report, name="repair-report"),
    path("repairs/<int:pk>/report.md", repairs.report_markdown, name="repair-report-markdown"),
    path("steps/<int:pk>/undo/", repairs.undo, name="repair-undo"),
    path("steps/<int:pk>/versions/", versions.show, name="versions"),
    path("steps/<int:pk>/choose/", versions.choose, name="versions-choose"),
    path("connections/", connections.kinds, name="connection-kinds"),
    path("causes/", causes.index, name="causes"),
    path("causes/<slug:code>/", causes.show, name="cause"),
    path("practice/", practice.show, name="practice"),
    path("practice/start/", practice.start, name="practice-start"),
    path("practice/break/", practice.break_it, name="practice-break"),
    path("practice/play/", practice.play, name="practice-play"),
    path("practice/reset/", practice.reset, name="practice-reset"),
    path("practice/remove/", practice.remove, name="practice-remove"),
]
