"""`python -m mocksrv.serving.health`: exit code 0 if this container's server is healthy; the image's health check.

It asks the server at the address that the server has written down, in the file of MOCKSRV_URL_FILE: host, port and TLS
may come from an option, the environment or a settings file.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

SECONDS = 2.0


def well(file: Path) -> bool:
    """Whether the server whose base URL is in that file says that it is healthy. Its certificate is not checked."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        url = file.read_text(encoding="utf-8").strip()
        with build_opener(ProxyHandler({}), HTTPSHandler(context=anybody)).open(f"{url}/_mocksrv/health",
                                                                                timeout=SECONDS) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):  # HTTP errors are OSErrors; a ValueError is a file without an address
        return False


if __name__ == "__main__":
    raise SystemExit(not well(Path(os.environ.get("MOCKSRV_URL_FILE", ""))))
