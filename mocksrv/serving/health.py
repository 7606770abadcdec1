"""`python -m mocksrv.serving.health`: exit code 0 if this container's server is well; the image's health check.

Loopback only, on the port that MOCKSRV_PORT says; in plain HTTP, and in TLS if that is what answers there.
"""

from __future__ import annotations

import os
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection

SECONDS = 2.0


def well(port: int) -> bool:
    """Whether the server on that port of loopback says so. Whose certificate it shows does not matter here."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    for connection in (HTTPConnection("127.0.0.1", port, timeout=SECONDS),
                       HTTPSConnection("127.0.0.1", port, timeout=SECONDS, context=anybody)):
        try:
            connection.request("GET", "/_mocksrv/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            continue
        finally:
            connection.close()
    return False


if __name__ == "__main__":
    raise SystemExit(not well(int(os.environ.get("MOCKSRV_PORT", "8080"))))
