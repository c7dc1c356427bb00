"""Certificates with a flaw, for the plays that show one. Their authority is made with them; probes of the practice site alone believe it.

Without an authority that is believed, an expired certificate would be told as one that nobody trusts: the chain is looked at first
(RFC 5280, section 6).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

EXPIRED, OTHER_NAME, UNTRUSTED = "expired", "other-name", "untrusted"
_LIFE = timedelta(days=90)
_OTHER = "another-shop.example"


def flawed(flaw: str, address: str) -> tuple[str, str]:
    """(an authority, key and certificate of the server at this address) as PEM. The authority's own key is not kept."""
    authority_key, stranger_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    name, now = _named("Sitemend practice authority"), datetime.now(UTC)
    authority = _certificate(name, name, authority_key.public_key(), now, now + _LIFE, authority=True).sign(authority_key, hashes.SHA256())
    ends = now - timedelta(days=1) if flaw == EXPIRED else now + _LIFE
    names: x509.GeneralName = x509.DNSName(_OTHER) if flaw == OTHER_NAME else x509.IPAddress(ip_address(address))
    issuer = _named("Nobody you know") if flaw == UNTRUSTED else name
    built = _certificate(_named("Practice shop"), issuer, key.public_key(), ends - _LIFE, ends).add_extension(
        x509.SubjectAlternativeName([names]), critical=False
    )
    certificate = built.sign(stranger_key if flaw == UNTRUSTED else authority_key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    return _pem(authority), private + _pem(certificate)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime, *, authority: bool = False
) -> x509.CertificateBuilder:
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key).serial_number(x509.random_serial_number())
    built = built.not_valid_before(begins - timedelta(hours=1)).not_valid_after(ends)
    return built.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
