"""An authority of the tests' own and what it issues, as RFC 5280 wants them: for servers of tests that speak TLS."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SIGNS = dict.fromkeys(
    ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False,
) | {"key_cert_sign": True, "crl_sign": True}  # fmt: skip


class Certificates:
    """`ca_file`: the authority's certificate, to be trusted or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.ca_file = str(folder / "ca.pem")
        is_authority = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._build(self.name, self.key, 1, is_authority, x509.KeyUsage(**_SIGNS))
        Path(self.ca_file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _build(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, *extensions: x509.ExtensionType, issuer: bool = True
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        signer = self.key if issuer else key
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name if issuer else name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
        builder = builder.not_valid_after(now + timedelta(days=days))
        of_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        of_signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        for extension in (of_key, of_signer, *extensions):
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(signer, hashes.SHA256())

    def context(self, address: str, days: int = 1, *, self_signed: bool = False) -> ssl.SSLContext:
        """Of a server that shows a certificate for this address, valid for so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        certificate = self._build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")]), key, days, names, issuer=not self_signed)
        path = self.folder / f"{address}{days}{self_signed}.pem"
        plain = serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context
