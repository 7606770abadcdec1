"""The certificates that the server makes for itself."""

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mocksrv.config import ConfigError
from mocksrv.serving import tls


def test_the_ca_signs_for_nothing_but_this_machine_and_not_for_ever(tmp_path):
    tls.context(tmp_path, "127.0.0.1")
    authority = tls.load(tmp_path)
    certificate = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    assert timedelta(days=700) < certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=826)
    stolen = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("bank.example", "8.8.8.8").configure_cert(stolen)
    for name in ("bank.example", "8.8.8.8"):
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            shake_hands(stolen, tmp_path, name)
    shake_hands(tls.context(tmp_path, "0.0.0.0"), tmp_path, "localhost")
    assert (tmp_path / "ca.pem").read_bytes() == certificate.public_bytes(Encoding.PEM)  # it is kept
    with pytest.raises(ConfigError, match="was not made for mock"):
        tls.context(tmp_path, "mock.internal")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "mock.internal"])
def test_strict_clients_take_the_certificate(tmp_path, name):
    shake_hands(tls.context(tmp_path, "mock.internal"), tmp_path, name)


def test_a_ca_that_has_run_out_is_made_anew(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tls, "CA_LIFE", timedelta(seconds=-1))
        tls.make(tmp_path, ["localhost"])
    old = (tmp_path / "ca.pem").read_bytes()
    shake_hands(tls.context(tmp_path, "127.0.0.1"), tmp_path, "localhost")
    assert (tmp_path / "ca.pem").read_bytes() != old


def shake_hands(server, folder, name):
    """TLS in memory, the client as strict as Python 3.13's default. Raises SSLCertVerificationError."""
    client = ssl.create_default_context(cafile=folder / "ca.pem")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server, server_hostname=name),
            server.wrap_bio(to_server, to_client, server_side=True)]
    for end in ends * 3:
        with suppress(ssl.SSLWantReadError):
            end.do_handshake()
    assert ends[0].version()
