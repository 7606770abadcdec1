"""TLS for local use: a certificate authority of one's own, kept in a folder so that it need be trusted only once."""

from __future__ import annotations

import ipaddress
import os
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mocksrv.clock import Clock
from mocksrv.config import ConfigError

if TYPE_CHECKING:
    import trustme
    from cryptography import x509

CA, KEY = "ca.pem", "ca-key.pem"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANY = ("0.0.0.0", "::")  # all addresses of the machine: a certificate cannot name them
NO_OTHER_USE = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                              "key_agreement", "encipher_only", "decipher_only"), False)
CA_LIFE, LIFE = timedelta(days=825), timedelta(days=397)  # the longest lifetime that browsers and systems accept
BEHIND = timedelta(days=1)  # by which clients' clocks may be slow


def context(folder: Path, host: str) -> ssl.SSLContext:
    """A server's TLS context for loopback and `host`, signed by the CA in the folder. Raises ConfigError.

    The CA is made when there is none, or none that is still valid. Whoever had its key could sign for what the CA is
    made for: loopback and the first `host`, nothing else (RFC 5280, 4.2.1.10). The key is readable by its owner alone.
    """
    try:
        import trustme  # noqa: F401
    except ImportError:
        raise ConfigError("TLS needs one package more: pip install 'mocksrv[tls]'") from None
    names = [*LOOPBACK, *([] if host in (*ANY, *LOOPBACK) else [host])]
    try:
        authority = load(folder) if (folder / CA).exists() else None
        if authority is None or ends(authority) <= Clock().now():
            authority = make(folder, names)
    except OSError as error:
        raise ConfigError(f"cannot use the TLS folder {folder}: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{folder / CA} or {folder / KEY} is damaged: remove both, and trust the new CA") from None
    if not all(may_sign(authority, name) for name in names):
        raise ConfigError(f"the CA in {folder} was not made for {host}: name another folder, or remove {CA} and {KEY} "
                          "there, and trust the new CA")
    now = Clock().now()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(
        *names, common_name="mocksrv", not_before=now - BEHIND, not_after=min(now + LIFE, ends(authority)),
    ).configure_cert(made)
    return made


def make(folder: Path, names: list[str]) -> trustme.CA:
    """A CA that may sign for the names alone, written into the folder. Raises OSError."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "mocksrv"),
                      x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "for local tests only")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    now = Clock().now()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - BEHIND).not_valid_after(now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([subtree(one) for one in names], None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **NO_OTHER_USE), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    with open(os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                     serialization.NoEncryption()))
    (folder / CA).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return load(folder)


def load(folder: Path) -> trustme.CA:
    """The CA of the folder. Raises OSError, and ValueError for files that are not a CA."""
    import trustme

    return trustme.CA.from_pem((folder / CA).read_bytes(), (folder / KEY).read_bytes())


def ends(authority: trustme.CA) -> datetime:
    from cryptography import x509

    return x509.load_pem_x509_certificate(authority.cert_pem.bytes()).not_valid_after_utc


def subtree(name: str) -> x509.GeneralName:
    """A name or an address in the form of a name constraint; for one of 127.0.0.0/8 the whole network."""
    from cryptography import x509

    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return x509.DNSName(name)
    return x509.IPAddress(ipaddress.ip_network("127.0.0.0/8" if address.version == 4 and address.is_loopback else name))


def may_sign(authority: trustme.CA, name: str) -> bool:
    """Whether clients accept what the CA signs for the name. A CA of an older release has no constraints."""
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    try:
        permitted = certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    except x509.ExtensionNotFound:
        return True
    return subtree(name) in (permitted or [])


def advice(folder: Path) -> str:
    """The lines that make clients trust the CA."""
    path = (folder / CA).resolve()
    return f"export REQUESTS_CA_BUNDLE={path}    # Python requests\nexport NODE_EXTRA_CA_CERTS={path}   # Node.js"
