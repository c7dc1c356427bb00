"""TLS around FTP (RFC 4217): whose certificate is trusted, and data connections that go on with the control connection's session."""

from __future__ import annotations

import base64
import hmac
import socket
import ssl
from typing import TYPE_CHECKING

import certifi

from diagnostics.transports.base import ConnectionDetails, ConnectionLost, HostKeyChanged, HostKeyUnknown, OldAlgorithms, TransportError
from diagnostics.transports.failures import explained, too_slow
from diagnostics.transports.host_keys import CERTIFICATE, fingerprint
from sites.texts import mark as _

if TYPE_CHECKING:
    from diagnostics.transports.ftp_wire import Protection

_X509_EXPIRED, _X509_WRONG_NAMES = 10, (62, 64)  # X509_V_ERR_… of OpenSSL's x509_vfy.h: CERT_HAS_EXPIRED, HOSTNAME_, IP_ADDRESS_MISMATCH
EXPIRED, WRONG_NAME, NOT_ISSUED = _("it has expired"), _("it is for another name"), _("no authority known here has issued it")


def verifying() -> ssl.SSLContext:
    """Trusts the authorities that probes trust, for the name that is connected to."""
    from django.conf import settings

    return ssl.create_default_context(cafile=settings.SITEMEND_CA_FILE or certifi.where())


def looking() -> ssl.SSLContext:
    """Takes any certificate: for one that is compared with a pinned one, or only shown, before anything secret is sent."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wrapped(sock: socket.socket, context: ssl.SSLContext, details: ConnectionDetails) -> ssl.SSLSocket:
    """The control connection under TLS. Raises ssl.SSLCertVerificationError for the caller to judge, else TransportError."""
    sock.settimeout(details.connect_timeout_s)
    try:
        return context.wrap_socket(sock, server_hostname=details.address)
    except ssl.SSLCertVerificationError:
        raise
    except TimeoutError as error:
        raise too_slow(details.connect_timeout_s) from error
    except ssl.SSLError as error:
        raise _no_tls(error, details) from error
    except (OSError, ValueError) as error:
        text = _("{address} closed the connection while encryption was being agreed.")
        raise explained(ConnectionLost, text, _("Try again in a minute."), address=details.address) from error


def protection(control: ssl.SSLSocket, details: ConnectionDetails) -> Protection:
    """Wraps data connections. Many hosts ask that they resume the control connection's session: it proves they are of one client."""
    shown = control.getpeercert(binary_form=True)

    def protect(data: socket.socket) -> socket.socket:
        protected = control.context.wrap_socket(data, server_hostname=details.address, session=control.session)
        if not protected.session_reused and protected.getpeercert(binary_form=True) != shown:
            protected.close()
            raise ConnectionAbortedError("the data connection shows another certificate")
        return protected

    return protect


def certificate_line(control: ssl.SSLSocket) -> str:
    """The certificate that was shown, as it is pinned."""
    return f"{CERTIFICATE} {base64.b64encode(control.getpeercert(binary_form=True) or b'').decode('ascii')}"


def is_pinned(line: str, pinned: str) -> bool:
    return hmac.compare_digest(line.encode(), " ".join(pinned.split()[:2]).encode("utf-8", "replace"))


def not_trusted(line: str, pinned: str, details: ConnectionDetails, why: ssl.SSLCertVerificationError) -> HostKeyUnknown:
    """A certificate that no authority vouches for is a host key: a person compares and accepts it, and then it must not change."""
    seen = {"host_key": line, "fingerprint": fingerprint(line)}
    values = {"name": details.address, "fingerprint": seen["fingerprint"], "why": reason(why)}
    if pinned.startswith(f"{CERTIFICATE} "):
        kind: type[HostKeyUnknown] = HostKeyChanged
        text = _("The certificate of {name} has changed and cannot be verified: {why}. It now shows {fingerprint}.")
        hint = _("Nothing was sent. Ask the host whether its certificate was changed, and accept the new one only then.")
    else:
        kind = HostKeyUnknown
        text = _("The certificate of {name} cannot be verified: {why}. It shows {fingerprint}.")
        hint = _("Compare the fingerprint with the one your host publishes, then accept it.")
    error = kind(text.format(**values), hint=hint, **seen)
    error.text, error.params = text, dict(values)
    return error


def reason(why: ssl.SSLCertVerificationError) -> str:
    """Why a certificate was not accepted: EXPIRED, WRONG_NAME or NOT_ISSUED."""
    if why.verify_code == _X509_EXPIRED:
        return EXPIRED
    return WRONG_NAME if why.verify_code in _X509_WRONG_NAMES else NOT_ISSUED


def _no_tls(error: ssl.SSLError, details: ConnectionDetails) -> TransportError:
    where = {"address": details.address, "port": details.port}
    reason = (error.reason or "").upper()
    if any(word in reason for word in ("PROTOCOL", "CIPHER", "DH_KEY", "ALERT_HANDSHAKE", "LEGACY", "SMALL", "WEAK")):
        hint = _("Nothing was sent. The host's encryption is too old to be safe: ask it for SFTP or for TLS 1.2.")
        return explained(OldAlgorithms, _("{address} and Sitemend share no safe way of encrypting."), hint, **where)
    hint = _("Nothing was sent. Encryption from the first byte is port 990; on other ports it is asked for after the greeting.")
    return explained(ConnectionLost, _("What answers at {address} port {port} does not speak TLS."), hint, **where)
