"""TLS for local use: a certificate authority of one's own, kept in a folder so that it need be trusted only once."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from mocksrv.config import ConfigError

CA, KEY = "ca.pem", "ca-key.pem"


def context(folder: Path, host: str) -> ssl.SSLContext:
    """A server's TLS context for loopback and `host`, signed by the CA in the folder. Raises ConfigError.

    The CA is made when it is not there. It can sign for names of this machine only as long as nobody else has its key,
    so the key is readable by its owner alone.
    """
    try:
        import trustme
    except ImportError:
        raise ConfigError("TLS needs one package more: pip install 'mocksrv[tls]'") from None
    try:
        authority = load(folder) if (folder / CA).exists() else make(folder)
    except OSError as error:
        raise ConfigError(f"cannot use the TLS folder {folder}: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{folder / CA} or {folder / KEY} is damaged: remove both, and trust the new CA") from None
    names = dict.fromkeys(["localhost", "127.0.0.1", "::1", *([] if host in ("0.0.0.0", "::") else [host])])
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: trustme.LeafCert = authority.issue_cert(*names, common_name="mocksrv")
    certificate.configure_cert(made)
    return made


def make(folder: Path) -> trustme.CA:  # type: ignore[name-defined]  # noqa: F821
    import trustme

    authority = trustme.CA(organization_name="mocksrv", organization_unit_name="for local tests only")
    folder.mkdir(parents=True, exist_ok=True)
    with open(os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(authority.private_key_pem.bytes())
    (folder / CA).write_bytes(authority.cert_pem.bytes())
    return authority


def load(folder: Path) -> trustme.CA:  # type: ignore[name-defined]  # noqa: F821
    import trustme

    return trustme.CA.from_pem((folder / CA).read_bytes(), (folder / KEY).read_bytes())


def advice(folder: Path) -> str:
    """The lines that make clients trust the CA."""
    path = (folder / CA).resolve()
    return f"export REQUESTS_CA_BUNDLE={path}    # Python requests\nexport NODE_EXTRA_CA_CERTS={path}   # Node.js"
