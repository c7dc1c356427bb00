"""Background work of this app: each takes ids, calls one verb, and is harmless when run twice."""

from __future__ import annotations

from celery import shared_task

from sites import delivery, registration, scheduling
from sites.evidence import screenshots
from sites.evidence import showing as evidence
from sites.health import deadman, egress
from sites.health import watching as health
from sites.history import keeping as history
from sites.history import rolling
from sites.looks import certificates, looking
from sites.looks import due as looks
from sites.looks import recording as look_recording
from sites.many import bin
from sites.models import Incident, Look, Page
from sites.probing.outcome import Purpose
from sites.queueing import enqueue
from sites.recording import NEEDED_TO_PROBE
from sites.storing import rounds
from sites.visitors import counting as visitors
from sites.visitors import incidents as visitor_incidents
from sites.windows import deploying, maintenance


@shared_task
def dispatch_due_pages() -> int:
    """Claims due pages and hands them to the `probes` queue. What cannot be handed over is put back."""
    claims = scheduling.claim_due()
    for number, batch in enumerate(batches := scheduling.batches(claims)):
        ids = [claim.page_id for claim in batch]
        if not enqueue("sites.tasks.probe_batch", ids, str(batch[0].purpose), expires=scheduling.expiry_s(batch)):
            scheduling.put_back(claim for rest in batches[number:] for claim in rest)
            break
    else:
        if len(claims) >= scheduling.CLAIM_LIMIT:  # there is more: behind these batches in the queue, so that no worker waits for beat
            enqueue("sites.tasks.dispatch_due_pages", expires=scheduling.LEASE_S)
    return len(claims)


@shared_task
def probe_batch(page_ids: list[int], purpose: str) -> int:
    """Probes these pages and stores what was seen. Pages that are gone or paused are passed over."""
    found = Page.objects.filter(pk__in=page_ids, site__paused_at=None).select_related("site").only(*NEEDED_TO_PROBE)
    pages = list(found)
    return rounds.probe_and_record(pages, Purpose(purpose))


@shared_task
def dispatch_due_looks() -> int:
    """Claims due looks past caches and as several browsers, and hands them to the `probes` queue."""
    claims = looks.claim_due()
    for number, batch in enumerate(batches := looks.batches(claims)):
        if not enqueue("sites.tasks.probe_looks", [claim.look_id for claim in batch], expires=scheduling.LEASE_S):
            looks.put_back(claim for rest in batches[number:] for claim in rest)
            break
    return len(claims)


@shared_task
def probe_looks(look_ids: list[int]) -> int:
    """Makes these looks and stores what was seen. Looks that are gone are passed over."""
    found = list(Look.objects.filter(pk__in=look_ids, page__site__paused_at=None).select_related("page__site"))
    return look_recording.record(looking.look_at(found))


@shared_task
def prepare_looks() -> int:
    """Gives new pages their looks."""
    return looks.prepare()


@shared_task
def dispatch_due_certificates() -> int:
    """Has the certificates that are due read by the `probes` queue; what cannot be handed over is due again by itself."""
    certificates.prepare()
    ids = certificates.claim_due()
    size = certificates.BATCH_SIZE
    return sum(enqueue("sites.tasks.probe_certificates", ids[n : n + size], expires=3600) for n in range(0, len(ids), size))


@shared_task
def probe_certificates(site_ids: list[int]) -> int:
    """Reads the certificates of these sites."""
    return certificates.read_sites(site_ids)


@shared_task
def deliver_notifications() -> int:
    """Sends the mails that are due."""
    return delivery.deliver_due()


@shared_task
def sweep() -> int:
    """Finds what a crash, or a clock that was set back, left behind."""
    scheduling.mend_after_clock_was_set_back()
    return delivery.sweep()


@shared_task
def sweep_windows() -> int:
    """Ends and begins what was planned for a moment: maintenance windows, deployments, pauses."""
    registration.resume_due()
    maintenance.roll_on()
    return deploying.watch()


@shared_task
def show_sign_of_life(queue: str) -> None:
    """Shows that beat and the worker of this queue are alive."""
    health.beat_of(queue)


@shared_task
def watch_health() -> None:
    """Keeps the figures of this minute; raises the alarm when sites are not probed."""
    health.sample()


@shared_task
def call_dead_mans_switch() -> bool:
    """Calls the outside service while all is in order here."""
    return deadman.ping()


@shared_task
def watch_own_line() -> bool:
    """While our own connection is down: asks whether it still is."""
    return egress.recheck()


@shared_task
def follow_visitors() -> int:
    """Ends the incidents that visitors opened and that nobody meets any more; says of the others what our probes see by now."""
    visitor_incidents.refresh_words()
    return visitor_incidents.resolve_quiet()


@shared_task
def roll_up() -> int:
    """Counts new results in the figures by minute, hour and day."""
    return rolling.roll_up()


@shared_task
def empty_bin() -> dict[str, int]:
    """Deletes for good what has been in the bin for a week, and previews of imports that nobody confirmed."""
    return bin.prune()


@shared_task
def complete_evidence(incident_id: int) -> bool:
    """Adds certificate and picture to what was kept of a new incident. Of one that is gone, nothing."""
    incident = Incident.objects.select_related("site").filter(pk=incident_id).first()
    return evidence.complete(incident) if incident else False


@shared_task
def prune_pictures() -> int:
    """Removes pictures of answers that are no longer kept."""
    return screenshots.prune()


@shared_task
def prune_history() -> dict[str, int]:
    """Removes what has been kept long enough."""
    return history.prune_history() | visitors.prune()
