"""OVHcloud's API as it is spoken: signatures, rights, both forms of errors, tasks, PHP."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from itertools import product

import pytest

from diagnostics.models import HostAction, HostPanel
from diagnostics.panels import connecting, ovhcloud, ovhcloud_client
from diagnostics.panels.base import PanelError, TaskState
from diagnostics.panels.ovhcloud import Keys, OvhCloud
from diagnostics.panels.rights import PHP, READ, RESTORE, missing, rules_of
from sites import credentials, key_rotation
from sites.models import Host
from tests.diagnostics.panels.conftest import given
from tests.ovhcloud import ACCOUNT, ACCOUNT_SECRET, APPLICATION_KEY, APPLICATION_SECRET, SERVICE, OvhcloudHost

pytestmark = pytest.mark.django_db


def opened(host: OvhcloudHost, *rules: tuple[str, str], secret: str = APPLICATION_SECRET, consumer: str = "") -> OvhCloud:
    return OvhCloud(Keys("ovh-eu", ovhcloud.KEYS, APPLICATION_KEY, secret, consumer or host.gate.granted(*rules)), SERVICE, (READ, PHP))


def test_signature_is_that_of_the_guide() -> None:
    """The same as the simulation checks, over values that anybody can compute anew."""
    url = "https://eu.api.ovh.com/1.0/hosting/web/abc.cluster001.hosting.ovh.net/tasks?status=todo"
    text = "+".join(["as" * 16, "ck" * 16, "GET", url, "", "1700000000"])
    assert hashlib.sha1(text.encode()).hexdigest() == "1e0e133baa6f3f66cc42c2f5cbcd1f49823ad764"


def test_hosting_is_told_with_its_quota_in_bytes(ovh: OvhcloudHost) -> None:
    seen = opened(ovh).service()
    assert (seen.name, seen.state, seen.paid, seen.blocked_because) == (SERVICE, "active", "ok", ())
    assert (seen.quota_used, seen.quota_size) == (12 * 1024**3, 100 * 1024**3)
    assert seen.expires_at is not None and seen.expires_at.year == 2031


def test_blocked_hosting_is_told_in_either_way(ovh: OvhcloudHost) -> None:
    ovh.access = "hardBlocked"
    assert opened(ovh).service().state == "blocked"
    ovh.access, ovh.state = "active", "bloqued"
    assert opened(ovh).service().state == "blocked"
    ovh.has_abuse_state = False
    assert opened(ovh).service().state == "blocked"


@pytest.mark.parametrize("new", [False, True], ids=["older form", "newer form"])
def test_errors_are_told_by_what_to_do_about_them(ovh: OvhcloudHost, new: bool) -> None:
    ovh.new_errors = new
    cases = {
        "not-granted": opened(ovh, ("GET", "/hosting/web")),
        "refused": opened(ovh, secret="another-secret"),
    }
    for code, panel in cases.items():
        with pytest.raises(PanelError) as told:
            panel.service()
        assert told.value.code == code and told.value.must_be_typed_anew
    with pytest.raises(PanelError) as unknown:
        opened(ovh, consumer="nobody").service()
    assert unknown.value.code == "refused" and "expired or were revoked" in unknown.value.hint
    other = OvhCloud(Keys("ovh-eu", ovhcloud.KEYS, APPLICATION_KEY, APPLICATION_SECRET, ovh.gate.granted()), "other.example", (READ,))
    with pytest.raises(PanelError) as absent:
        other.service()
    assert absent.value.code == "not-found" and not absent.value.must_be_typed_anew


@pytest.mark.parametrize(("trouble", "code"), [("429", "away"), ("500-html", "away"), ("reset", "away")])
def test_trouble_on_their_side_does_not_cost_the_keys(ovh: OvhcloudHost, trouble: str, code: str) -> None:
    panel = opened(ovh)
    panel.tasks()
    ovh.fails_with = [trouble]
    with pytest.raises(PanelError) as told:
        panel.tasks()
    assert told.value.code == code and not told.value.must_be_typed_anew
    assert panel.tasks() == ()


def test_nobody_there_is_told_as_away(ovh: OvhcloudHost, settings: object) -> None:
    settings.SITEMEND_OVHCLOUD_API = "http://127.0.0.1:1/1.0"  # type: ignore[attr-defined]
    with pytest.raises(PanelError) as told:
        opened(ovh).service()
    assert told.value.code == "away"


def test_clock_that_went_wrong_amid_a_conversation_is_set_right(ovh: OvhcloudHost) -> None:
    panel = opened(ovh)
    panel.tasks()
    panel._client._client._time_delta -= 3600
    assert panel.tasks() == ()


def test_task_goes_through_its_states_and_is_then_told_of_no_more(ovh: OvhcloudHost) -> None:
    panel = opened(ovh)
    number = ovh.work.start("web/checkQuotaNow", "quota").id
    assert [(task.id, task.state, task.function, task.about) for task in panel.tasks()] == [
        (number, TaskState.QUEUED, "web/checkQuotaNow", "quota")
    ]
    ovh.clock.forward(6)
    assert panel.tasks()[0].state == TaskState.RUNNING
    ovh.clock.forward(20)
    assert panel.tasks() == () and panel.task(number).state == TaskState.DONE
    ovh.clock.forward(40)
    assert panel.task(number).state == TaskState.VANISHED


def test_php_is_changed_where_the_site_lies_and_told_when_it_is_done(ovh: OvhcloudHost) -> None:
    panel = opened(ovh)
    now = panel.php()
    assert (now.version, now.container, now.status) == ("8.1", "stable64", "created")
    task = panel.change_php(now, now.with_values({"version": "8.3"}))
    assert "app.engine.version=8.1" in ovh.php.file.read_text() and panel.php().status == "updating"
    with pytest.raises(PanelError) as busy:
        panel.change_php(now, now.with_values({"version": "8.2"}))
    assert busy.value.code == "conflict"
    ovh.clock.forward(30)
    assert panel.task(task.id).state == TaskState.DONE
    assert panel.php().version == "8.3" and "app.engine.version=8.3" in ovh.php.file.read_text()
    back = panel.change_php(panel.php(), now, back=True)
    assert back.function == "ovhConfig/rollback"
    ovh.clock.forward(30)
    assert panel.php().same_as(now) and "app.engine.version=8.1" in ovh.php.file.read_text()


def test_pair_that_does_not_exist_is_refused_there(ovh: OvhcloudHost) -> None:
    panel = opened(ovh)
    assert ("8.3", "stable64") in [(pair.version, pair.container) for pair in panel.php_pairs()]
    with pytest.raises(PanelError) as told:
        panel.change_php(panel.php(), panel.php().with_values({"version": "5.6"}))
    assert told.value.code == "bad-request"


def test_rights_asked_for_are_the_least_and_are_compared(ovh: OvhcloudHost) -> None:
    every = rules_of((READ, PHP), SERVICE)
    assert {rule["method"] for rule in every} == {"GET", "POST"}
    assert all(rule["path"] == "/auth/currentCredential" or rule["path"].startswith(f"/hosting/web/{SERVICE}") for rule in every)
    assert not [rule for rule in rules_of((READ,), SERVICE) if rule["method"] != "GET"]
    assert missing(rules_of((READ,), SERVICE), (READ, PHP), SERVICE) == [
        f"POST /hosting/web/{SERVICE}/ovhConfig/*",
        f"POST /hosting/web/{SERVICE}/ovhConfigRefresh",
    ]
    assert missing([{"method": "GET", "path": "/*"}, {"method": "POST", "path": "/hosting/*"}], (READ, PHP), SERVICE) == []


def test_environment_of_this_machine_is_nobodys_key(ovh: OvhcloudHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in product(("APPLICATION_KEY", "APPLICATION_SECRET", "CONSUMER_KEY", "CLIENT_ID", "CLIENT_SECRET"), ("of-another",)):
        monkeypatch.setitem(os.environ, f"OVH_{name}", value)
    monkeypatch.setitem(os.environ, "HTTP_PROXY", "http://127.0.0.1:1")
    assert opened(ovh).service().state == "active"


# --- connected to a host ------------------------------------------------------------------------
def test_credential_is_asked_for_confirmed_and_used(ovh: OvhcloudHost, host: Host) -> None:
    made = connecting.connect(host, given(), None)
    assert made.state == HostPanel.State.WAITING and made.confirm_url.startswith(f"http://127.0.0.1:{ovh.port}/auth/")
    assert list(ovh.gate.credentials.values())[-1]["rules"] == rules_of((READ, PHP, RESTORE), SERVICE)
    assert connecting.test(made).state == HostPanel.State.WAITING and "not confirmed" in made.detail
    ovh.gate.confirm()
    assert connecting.test(made).state == HostPanel.State.WORKS and made.confirm_url == ""
    seen = connecting.from_json(connecting.of(host).seen)
    assert seen is not None and seen.quota_size == 100 * 1024**3


def test_person_who_confirms_less_is_told_what_is_missing(ovh: OvhcloudHost, host: Host) -> None:
    made = connecting.connect(host, given(ovh.gate.granted(("GET", "/*"))), None)
    assert made.state == HostPanel.State.REFUSED and "ovhConfig" in made.detail
    with pytest.raises(PanelError), connecting.opened(made):
        pass  # not asked again by itself


def test_service_account_lets_in_and_is_told_when_it_may_not(ovh: OvhcloudHost, host: Host) -> None:
    account = {"way": ovhcloud.SERVICE_ACCOUNT, "name": ACCOUNT}
    assert connecting.connect(host, given(**account, secret=ACCOUNT_SECRET), None).state == HostPanel.State.WORKS
    ovh.gate.account_may = False
    assert connecting.test(connecting.of(host)).state == HostPanel.State.REFUSED
    wrong = connecting.connect(host, given(**account, secret="wrong-secret"), None)
    assert wrong.state == HostPanel.State.REFUSED and "service account" in wrong.detail


def test_secrets_are_sealed_noted_nowhere_and_sealed_anew(ovh: OvhcloudHost, host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = connecting.connect(host, given(), None)
    consumer = ovh.gate.confirm()
    connecting.test(made)
    row = str(HostPanel.objects.values().get())
    actions = str(list(HostAction.objects.values()))
    for secret in (APPLICATION_SECRET, consumer):
        assert secret not in row and secret not in actions and secret not in caplog.text
    assert credentials.unseal(connecting.of(host).sealed_consumer) == consumer
    columns = {(model, column) for model, column in key_rotation.sealed_columns()}
    assert {(HostPanel, "sealed_secret"), (HostPanel, "sealed_consumer")} <= columns
    assert HostAction.objects.filter(host=host, verb=HostAction.Verb.FETCH).count() == 2


def test_refused_keys_are_not_tried_again_until_typed_anew(ovh: OvhcloudHost, panel: HostPanel) -> None:
    ovh.gate.credentials.clear()
    assert connecting.test(panel).state == HostPanel.State.REFUSED
    asked = len(ovh.log)
    assert connecting.test(panel).state == HostPanel.State.REFUSED and len(ovh.log) == asked
    assert connecting.working(panel.host) is None
    again = connecting.connect(panel.host, given(ovh.gate.granted()), None)
    assert again.state == HostPanel.State.WORKS


def test_likely_name_comes_from_the_address_of_the_files(host: Host) -> None:
    assert connecting.likely_service(host) == SERVICE and connecting.is_possible(host)
    host.address, host.profile = "ftp.example.org", "apache-755"
    assert connecting.likely_service(host) == "" and not connecting.is_possible(host)


# --- answers without end ------------------------------------------------------------------------
@pytest.mark.parametrize("trouble", ["huge", "elsewhere", "drips"])
def test_answer_without_end_is_given_up(ovh: OvhcloudHost, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    monkeypatch.setattr(ovhcloud_client, "LONGEST_ANSWER_S", 0.5)
    panel = opened(ovh)
    panel.tasks()
    ovh.fails_with = [trouble]
    began = time.monotonic()
    with pytest.raises(PanelError) as told:
        panel.tasks()
    assert told.value.code in ("odd-answer", "away") and not told.value.must_be_typed_anew
    assert time.monotonic() - began < 10 and panel.tasks() == ()
