"""What a connection cannot do is said before anything is tried: on pages, in offers, in refusals, and by the checks."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.utils import timezone

from diagnostics import examining, repairing, unattended
from diagnostics.checks.registry import run_checks
from diagnostics.connections import abilities, connecting
from diagnostics.evidence import LogLine, PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Severity
from diagnostics.models import Step
from diagnostics.repairs.plan import ChangeMode, CreateFolder, Plan, RenameFile, WriteFile
from diagnostics.transports.base import Capability, ConnectionDetails
from sites import read_only
from sites.models import Host
from tests.diagnostics.views.cases import Scene, make_scene, offer, words
from tests.factories import make_team, make_user
from tests.fakes import FakeHost
from tests.ftp_servers import FtpServer, vsftpd

ALL = sorted(str(capability) for capability in Capability)
WITHOUT_MODES = frozenset(Capability) - {Capability.CHMOD, Capability.LIST_MODES, Capability.RUN_COMMANDS}


@pytest.fixture
def here_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


def has(scene: Scene, *missing: str) -> None:
    Host.objects.filter(pk=scene.site.host_id).update(capabilities=[each for each in ALL if each not in missing])


def modes_offer() -> dict[str, Any]:
    return {**offer("b", check="modes", title="Change the permissions of one file or folder"), "guide_step": "permissions",
            "repair_id": "set-permissions", "needs": ["chmod"]}  # fmt: skip


def write_offer() -> dict[str, Any]:
    return {**offer("a"), "needs": ["write"]}


def test_every_capability_has_words_and_a_place_in_the_matrix() -> None:
    assert {ability.capability for ability in abilities.ABILITIES} == set(Capability)
    assert [len(row["cells"]) for row in abilities.matrix()] == [len(abilities.KINDS)] * len(Capability)
    assert all(ability.without for ability in abilities.ABILITIES)


def test_plan_needs_what_its_changes_need() -> None:
    write, rename, mode = (
        WriteFile("/a", "a", b"1", b"2"),
        RenameFile("/a", "a", "/b", "b", "x"),
        ChangeMode("/a", "a", "file", 0o604, 0o644),
    )
    for changes, needs in (
        ((write,), ("write",)),
        ((rename,), ("rename",)),
        ((mode, mode), ("chmod",)),
        ((write, mode), ("chmod", "write")),
    ):
        assert abilities.needed_by(Plan("r", "c", "t", "w", changes)) == needs


def test_folder_that_is_shut_to_others_needs_that_its_mode_can_be_set_and_seen() -> None:
    for mode, needs in (
        (0o755, ("write",)),
        (0o777, ("write",)),
        (0o750, ("chmod", "list-modes", "write")),
        (0o700, ("chmod", "list-modes", "write")),
    ):
        plan = Plan("r", "c", "t", "w", (CreateFolder("/a", "a", mode),))
        assert abilities.needed_by(plan) == needs
        for missing in needs[:-1]:
            assert abilities.obstacle(needs, Host(capabilities=[each for each in ALL if each != missing]))


@pytest.mark.django_db
def test_account_that_cannot_chmod_shows_the_change_and_says_where_to_make_it() -> None:
    scene = make_scene(offers=[modes_offer()])
    has(scene)
    assert scene.page("permissions").select("[id^=apply-]")
    has(scene, "chmod")
    page = scene.page("permissions")
    assert not page.select("[id^=apply-]") and "which to set in the host's panel" in words(page)
    answer = scene.owner.post(
        f"/repairs/{scene.case.pk}/apply/",
        {"step": "permissions", "action": "repair", "repair": "set-permissions", "digest": "b" * 64},
        follow=True,
    )
    assert "which to set in the host&#x27;s panel" in answer.content.decode() and not Step.objects.exists()


@pytest.mark.django_db
def test_account_that_cannot_set_times_is_told_before_anything_is_applied() -> None:
    scene = make_scene(offers=[write_offer()])
    has(scene, "set-mtime")
    page = scene.page("htaccess")
    assert page.select("[id^=apply-]") and "the file keeps the time of the undo" in words(page)
    has(scene)
    assert "keeps the time of the undo" not in words(scene.page("htaccess"))


@pytest.mark.django_db
def test_trial_is_refused_where_nothing_can_be_renamed() -> None:
    scene = make_scene(offers=[])
    has(scene, "rename")
    page = scene.page("htaccess")
    assert not page.select("#trial") and "trial without .htaccess is not offered" in words(page)
    case = type(scene.case).objects.select_related("site__host", "diagnosis").get(pk=scene.case.pk)
    with pytest.raises(repairing.RepairRefused):
        repairing.start(case, guide_step="htaccess", action="trial")


@pytest.mark.django_db
def test_pages_of_account_and_site_say_what_is_left_out() -> None:
    scene = make_scene()
    for path in (f"/hosts/{scene.site.host_id}/", f"/sites/{scene.site.pk}/"):
        assert "Not known yet: the test of the connection" in scene.reader.get(path).content.decode()
    has(scene, "run-commands", "chmod")
    for path in (f"/hosts/{scene.site.host_id}/", f"/sites/{scene.site.pk}/"):
        said = words(BeautifulSoup(scene.reader.get(path).content, "html.parser"))
        assert "Cannot: Run commands (a shell) : No command is run." in said and "Cannot: Change permissions" in said
        assert "Can: Read files and logs" in said and "Read-only" not in said
    has(scene, "write")
    said = words(BeautifulSoup(scene.reader.get(f"/sites/{scene.site.pk}/").content, "html.parser"))
    assert "this account may not write" in said and "chosen by you" not in said
    has(scene)
    read_only.switch_site(scene.site, make_user(), on=True)
    said = words(BeautifulSoup(scene.reader.get(f"/sites/{scene.site.pk}/").content, "html.parser"))
    assert "Read-only: chosen by you." in said and "may not write" not in said


@pytest.mark.django_db
def test_page_of_all_kinds_compares_them() -> None:
    page = BeautifulSoup(make_scene().reader.get("/connections/").content, "html.parser")
    assert [th.get_text() for th in page.select("thead th")][1:] == ["SSH", "SFTP", "FTPS", "FTP", "LOCAL"]
    assert len(page.select("tbody tr")) == len(Capability)


# --- checks -------------------------------------------------------------------------------------
def seen() -> SiteSeen:
    now = timezone.now()
    return SiteSeen(
        "shop", "https://shop.example/", "down", "server-error", (PageSeen("/", "https://shop.example/", "server-error", 500, now),)
    )


def files() -> dict[str, Any]:
    return {"/home/demo/www/index.html": b"x", "/home/demo/www/cgi-bin/run.cgi": (b"#!/bin/sh\n", 0o644)}


def test_hidden_permissions_are_inconclusive_and_never_judged() -> None:
    for capabilities, known in ((WITHOUT_MODES | {Capability.LIST_MODES}, True), (WITHOUT_MODES, False)):
        reader = FakeHost(files(), capabilities=capabilities)
        evidence = gather(reader, seen(), SitePaths("/home/demo/www"), "apache-755", timezone.now())
        line = LogLine("error-log", "/log", timezone.now(), "End of script output before headers: run.cgi", paired=True)
        run = run_checks(replace(evidence, error_log=(line,)))
        gaps = {gap.check: gap.missing for gap in run.inconclusive}
        assert ("modes" in gaps) is not known
        assert any(finding.cause == "cgi-not-executable" for finding in run.findings) is known
        if not known:
            assert gaps["modes"] == "the permissions could not be read: this connection does not show them"
            assert evidence.root_mode is None


@pytest.mark.django_db
def test_command_leaves_to_a_person_what_the_connection_cannot_do() -> None:
    scene = make_scene()
    has(scene, "chmod")
    site = type(scene.site).objects.select_related("host").get(pk=scene.site.pk)
    content = {"/home/demo/www/index.php": (b"<?php", 0o044), "/home/demo/www/.htaccess": b""}
    evidence = gather(FakeHost(content), seen(), SitePaths("/home/demo/www"), "apache-755", timezone.now())
    finding = Finding(
        "modes", "file-unreadable", Severity.CRITICAL, 0.97, "It cannot be read.", path="www/index.php", repairs=("set-permissions",)
    )
    examination = examining.Examination(evidence, (finding,), ())
    assert examining.plan_for(examination, finding, "set-permissions")
    made = unattended._Run(site, True)
    assert unattended._choose(made, examination) is None
    assert any("in the host's panel" in left["why"] for left in made.left)


def account_on(server: FtpServer) -> Host:
    (server.home / "www").mkdir()
    (server.home / "www" / "index.html").write_bytes(b"<p>hello")
    server.own(server.home / "www")
    server.own(server.home / "www" / "index.html")
    details = ConnectionDetails("ftp", server.address, server.port, server.user, server.password)
    return connecting.create_host(team=make_team(), name="Account", details=details, profile="apache-755")


@pytest.mark.django_db
def test_real_account_without_permissions_and_times_is_known_for_it(tmp_path: Path, here_allowed: None) -> None:
    with vsftpd(tmp_path, extra=("chmod_enable=NO", "mdtm_write=NO")) as server:
        host = account_on(server)
        assert connecting.test_host(host).ok
        host = Host.objects.get(pk=host.pk)
        missing = {str(ability.capability) for ability in abilities.of_host(host)["cannot"]}
        assert {"chmod", "set-mtime", "run-commands"} <= missing
        assert "panel" in abilities.obstacle(("chmod",), host) and "time of the undo" in abilities.caution(("write",), host)
        with connecting.reader_for(host) as reader:
            assert reader.read(f"{server.remote_home}/www/index.html", 100) == b"<p>hello"


@pytest.mark.django_db
@pytest.mark.parametrize("sets", [True, False])
def test_whether_times_can_be_set_is_asked_by_a_test_alone_and_what_it_found_stays(tmp_path: Path, here_allowed: None, sets: bool) -> None:
    told = ("ftpd_banner=Welcome", "log_ftp_protocol=YES", "xferlog_enable=YES")  # by this greeting nobody could guess it
    with vsftpd(tmp_path, extra=(*told, f"mdtm_write={'YES' if sets else 'NO'}")) as server:
        host = account_on(server)
        assert connecting.test_host(host).ok
        Host.objects.filter(pk=host.pk).update(state=Host.State.UNTESTED)  # as when a new certificate is accepted
        with connecting.reader_for(Host.objects.get(pk=host.pk)) as reader:
            assert len(reader.list(f"{server.remote_home}/www")) == 1
        host = Host.objects.get(pk=host.pk)
        assert (host.state, "set-mtime" in host.capabilities) == ("works", sets)
        assert ("time of the undo" in abilities.caution(("write",), host)) is not sets
        said = (server.home.parent / "vsftpd.log").read_text()
        assert said.count(', "MDTM 2') == said.count(f'"MDTM 20200101000000 {server.remote_home}/.sitemend-') == 1
        assert [path.name for path in server.home.iterdir()] == ["www"]


@pytest.mark.django_db
def test_what_an_account_can_do_is_forgotten_with_its_address_and_protocol() -> None:
    for changed in ({"address": "192.0.2.9"}, {"protocol": "ssh"}):
        host = Host.objects.create(team=make_team(), name="a", protocol="sftp", address="192.0.2.1", port=22, user="u", capabilities=ALL)
        connecting.store(host)
        assert Host.objects.get(pk=host.pk).capabilities == ALL
        for name, value in changed.items():
            setattr(host, name, value)
        connecting.store(host)
        assert abilities.known(Host.objects.get(pk=host.pk)) is None
