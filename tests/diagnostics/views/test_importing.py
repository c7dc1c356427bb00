"""The road of an import in the web: given, seen, corrected, confirmed, undone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.forms import MOST_BYTES
from diagnostics.connections import connecting
from sites import credentials
from sites.many import bin as sites_bin
from sites.models import BulkChange, Host, Site, SiteImport, Team
from tests.factories import make_host, make_site, make_team, make_user
from tests.sites.views.pages import client_of, words

pytestmark = pytest.mark.django_db

CSV = """name,url,tags,connect,secret
Shop,https://shop.example/,a,sftp://u@h.example,very-secret
Taken,https://taken.example/,,,
Bad,nonsense,,sftp://u:in-the-url@h2.example,another-secret
"""


@pytest.fixture
def client() -> Client:
    team = make_team("Agency")
    make_site(team, name="Taken")
    return client_of(make_user("olga", team=team))


def soup(answer: object) -> BeautifulSoup:
    return BeautifulSoup(answer.content, "html.parser")


def upload(client: Client, data: bytes, name: str = "sites.csv") -> object:
    return client.post("/imports/", {"file": SimpleUploadedFile(name, data)})


def paste(client: Client, text: str) -> SiteImport:
    answer = client.post("/imports/", {"text": text})
    assert answer.status_code == 302, words(answer)
    return SiteImport.objects.get(pk=answer["Location"].split("/")[2])


def test_nothing_is_made_before_the_yes_and_secrets_are_never_shown(client: Client) -> None:
    answer = upload(client, CSV.encode())
    preview = SiteImport.objects.get()
    assert answer["Location"] == f"/imports/{preview.pk}/"
    assert (Site.objects.count(), Host.objects.count()) == (1, 0)
    page = client.get(answer["Location"])
    assert soup(page).h1.get_text() == "1 site will be registered"
    text = page.content.decode()
    assert "There is already a site of this name." in text and "Row 4" in text
    for secret in ("very-secret", "another-secret", "in-the-url"):
        assert secret not in text and secret.encode() not in bytes(preview.sealed_rows)


def test_preview_names_the_jump_host(client: Client) -> None:
    make_host(Team.objects.get(name="Agency"), name="Gate", protocol="ssh", address="gate.example", user="g", state="works")
    upload(client, b"name,url,connect,secret,via\nShop,https://shop.example/,sftp://u@h.example,s3cret-word,Gate\n")
    answer = client.get(f"/imports/{SiteImport.objects.get().pk}/")
    assert "1 site will be registered" in words(answer) and "reached through Gate" in words(answer)


def test_nobody_is_asked_to_correct_what_has_no_field(client: Client) -> None:
    row = paste(client, "https://shop.example/\nnot an address at all\n")
    text = words(client.get(f"/imports/{row.pk}/"))
    assert "1 row is refused" in text and "They are left out" in text
    assert "Look again" not in text and "Correct them here" not in text


def test_refused_rows_are_corrected_and_the_rest_confirmed(client: Client) -> None:
    row = paste(client, CSV)
    at = f"/imports/{row.pk}/"
    fields = {
        tag["name"]: tag["value"] for tag in soup(client.get(at)).select(".refused-row input[type=text], .refused-row input:not([type])")
    }
    assert fields["3-name"] == "Taken" and fields["4-url"] == "nonsense" and not any("secret" in name for name in fields)
    typed = fields | {"3-name": "Free", "4-url": "https://bad.example/", "4-connect": "sftp://u@h2.example"}
    client.post(at, typed | {"action": "correct"})
    assert soup(client.get(at)).h1.get_text() == "3 sites will be registered"
    client.post(at, {"action": "confirm"})
    assert set(Site.objects.values_list("name", flat=True)) == {"Taken", "Shop", "Free", "Bad"}
    assert Host.objects.filter(state="untested", test_due_at__isnull=False).count() == 2
    row.refresh_from_db()
    assert (row.state, row.created, row.left_out, bytes(row.sealed_rows)) == ("made", 3, 0, b"")
    client.post(at, {"action": "confirm"})
    assert Site.objects.count() == 4


def test_result_leads_to_its_sites_and_the_import_is_undone_as_a_whole(client: Client) -> None:
    row = paste(client, CSV)
    client.post(f"/imports/{row.pk}/", {"action": "confirm"})
    page = soup(client.get(f"/imports/{row.pk}/"))
    assert page.h1.get_text() == "1 site was imported" and page.select_one(".btn.primary")["href"] == f"/?import={row.pk}"
    listed = soup(client.get(f"/?import={row.pk}"))
    assert [tag.get_text() for tag in listed.select("tbody a.name")] == ["Shop"]
    assert any("Import of" in chip.get_text() for chip in listed.select(".chip"))
    client.post(f"/imports/{row.pk}/undo/")
    assert list(Site.objects.values_list("name", flat=True)) == ["Taken"]
    assert Host.objects.get().test_due_at is None
    assert "1 site is in the bin." in words(client.get("/"))


def test_file_corrected_after_an_undo_is_imported_again(client: Client) -> None:
    row = paste(client, CSV)
    client.post(f"/imports/{row.pk}/", {"action": "confirm"})
    client.post(f"/imports/{row.pk}/undo/")
    again = paste(client, CSV.replace("very-secret", "right-secret"))
    client.post(f"/imports/{again.pk}/", {"action": "confirm"})
    host = Host.objects.get()
    assert (Site.objects.get(name="Shop").host, host.imported_in, host.state) == (host, again, "untested")
    assert host.test_due_at is not None


def test_import_that_was_undone_and_taken_back_keeps_its_account(client: Client) -> None:
    row = paste(client, CSV)
    client.post(f"/imports/{row.pk}/", {"action": "confirm"})
    client.post(f"/imports/{row.pk}/undo/")
    client.post(f"/changes/{BulkChange.objects.get().pk}/undo/")
    row.refresh_from_db()
    assert (row.state, Site.objects.filter(name="Shop").count()) == ("made", 1)
    again = paste(client, CSV.replace("Shop,https://shop", "Other,https://other").replace("very-secret", "another"))
    client.post(f"/imports/{again.pk}/", {"action": "confirm"})
    assert credentials.host_secrets(Host.objects.get())[0] == "very-secret"  # noqa: S105


def test_account_with_a_secret_typed_since_is_no_more_the_imports(client: Client) -> None:
    row = paste(client, CSV)
    client.post(f"/imports/{row.pk}/", {"action": "confirm"})
    connecting.store(Host.objects.get(), password="typed-since")  # noqa: S106
    client.post(f"/imports/{row.pk}/undo/")
    sites_bin.prune(timezone.now() + timedelta(days=8))
    assert credentials.host_secrets(Host.objects.get())[0] == "typed-since"  # noqa: S105


def test_preview_is_its_owners_alone_and_over_after_an_hour(client: Client) -> None:
    row = paste(client, CSV)
    colleague = client_of(make_user("carl", team=row.team))
    reader = client_of(make_user("rita", team=row.team, role="reader"))
    outsider = client_of(make_user("otto", team=make_team()))
    at = f"/imports/{row.pk}/"
    assert [who.get(at).status_code for who in (client, colleague, reader, outsider)] == [200, 404, 403, 404]
    assert [who.post(at, {"action": "confirm"}).status_code for who in (colleague, reader, outsider)] == [404, 403, 404]
    SiteImport.objects.update(at=timezone.now() - timedelta(minutes=61))
    answer = client.post(at, {"action": "confirm"}, follow=True)
    assert "more than an hour" in words(answer)
    assert (Site.objects.count(), SiteImport.objects.count()) == (1, 0)


def test_list_is_thrown_away(client: Client) -> None:
    row = paste(client, "https://a.example/")
    client.post(f"/imports/{row.pk}/", {"action": "discard"})
    assert not SiteImport.objects.exists() and Site.objects.count() == 1


def test_pasted_addresses_become_sites(client: Client) -> None:
    row = paste(client, "https://one.example/\nBakery two, two.example\n\nnonsense\n")
    client.post(f"/imports/{row.pk}/", {"action": "confirm"})
    assert dict(Site.objects.exclude(name="Taken").values_list("name", "url")) == {
        "one.example": "https://one.example/", "Bakery two": "https://two.example",
    }  # fmt: skip


def test_export_of_uptime_kuma_is_recognised(client: Client) -> None:
    usual = {"type": "http", "interval": 60, "accepted_statuscodes": ["200-299"]}
    monitors = [
        usual | {"name": "Shop", "url": "https://shop.example/", "active": False},
        {"name": "Router", "type": "ping", "hostname": "192.0.2.1"},
    ]
    answer = upload(client, json.dumps({"version": "1.23.16", "monitorList": monitors}).encode(), "Uptime_Kuma_Backup.json")
    text = words(client.get(answer["Location"]))
    assert "Uptime Kuma" in text and "1 stays paused" in text and "Only websites are watched here" in text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"name\nShop\n", "“url” is missing"),
        (b"", "nothing in it"),
        (b"name,url\n" + b"a,https://a.example/\n" * 10_001, "more than 10000 rows"),
        (b"x" * (MOST_BYTES + 1), "larger than 5 MB"),
    ],
    ids=["no url", "empty", "too many rows", "too large"],
)
def test_file_that_cannot_be_used_is_told_beside_its_field(client: Client, data: bytes, says: str) -> None:
    answer = upload(client, data)
    assert answer.status_code == 422 and says in words(answer) and not SiteImport.objects.exists()


def test_neither_list_nor_file_or_both_are_told(client: Client) -> None:
    assert "Paste a list or choose a file" in words(client.post("/imports/", {"text": " "}))
    both = {"text": "https://a.example/", "file": SimpleUploadedFile("a.csv", b"name,url\n")}
    assert "not both" in words(client.post("/imports/", both))


def test_site_goes_only_to_a_team_in_which_the_person_may_write(client: Client) -> None:
    make_team("Foreign")
    row = paste(client, "name,url,team\nA,https://a.example/,Foreign\nB,https://b.example/,Agency\n")
    client.post(f"/imports/{row.pk}/", {"action": "confirm"})
    assert not Site.objects.filter(name="A").exists() and Site.objects.get(name="B").team.name == "Agency"


def test_old_previews_of_a_person_make_room(client: Client) -> None:
    for number in range(8):
        paste(client, f"https://s{number}.example/")
    assert SiteImport.objects.count() == 5


def test_preview_of_halves_of_characters_is_shown(client: Client) -> None:
    row = paste(client, '{"sites": [{"name": "a\\ud800", "url": "https://a.example/\\udfff", "tags": ["\\ud801"]}]}')
    answer = client.get(f"/imports/{row.pk}/")
    assert answer.status_code == 200 and "cannot be stored" in words(answer)
