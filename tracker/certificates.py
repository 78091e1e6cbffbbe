"""Until when a certificate is valid."""

from datetime import UTC, datetime

from cryptography import x509


def end_of(der: bytes) -> datetime:
    """Return when a certificate ends that a server has shown (DER, RFC 5280)."""
    return x509.load_der_x509_certificate(der).not_valid_after_utc.astimezone(UTC)
