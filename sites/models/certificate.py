"""The certificates that the addresses of a site showed, and how far their end has been announced."""

from __future__ import annotations

from django.db import models

from .site import Site


class CertificateWatch(models.Model):
    """When the certificates of a site are read next. A row per site, so that reading never touches the site's own row."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="certificate_watch")
    due_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="certificate_due_at")]

    def __str__(self) -> str:
        return f"certificates of {self.site}"


class Certificate(models.Model):
    """What one name of a site showed when it was read last: `host` is the name, with its port unless that is 443."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="certificates", db_index=False)
    host = models.CharField(max_length=260)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the certificate, in hexadecimal
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    issuer = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField()
    told_days = models.PositiveSmallIntegerField(null=True)  # the nearest threshold that was announced of this certificate

    class Meta:
        ordering = ["not_after", "host"]
        constraints = [models.UniqueConstraint(fields=["site", "host"], name="one_certificate_per_host")]
        indexes = [models.Index(fields=["fingerprint"], name="certificate_fingerprint")]

    def __str__(self) -> str:
        return f"certificate of {self.host}"
