from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from sites.models import Page
from sites.probing.outcome import Purpose
from sites.recording import NEEDED_TO_PROBE, requests_for
from tests.factories import make_site


@pytest.mark.django_db
def test_what_is_loaded_to_probe_is_all_that_a_probe_needs(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    site = make_site(basic_user="anna", practice=True)
    Page.objects.filter(site=site).update(expected_statuses="200 404", must_contain="Welcome")
    whole = list(Page.objects.filter(site=site).select_related("site"))
    with django_assert_num_queries(1):
        pages = list(Page.objects.filter(site=site).select_related("site").only(*NEEDED_TO_PROBE))
        assert requests_for(pages, Purpose.ROUTINE) == requests_for(whole, Purpose.ROUTINE)
        assert [(page.site_id, page.site.interval_s) for page in pages] == [(site.pk, site.interval_s)]
