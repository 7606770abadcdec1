"""Secrets of the services that CHT talks to: written over HTTP, read by the SMS aggregators' hooks.

They are stored in `medic-vault` in the server's form, `<iv>:<hex>`; the cipher is the mock's own and not secure.
"""

from __future__ import annotations

import hashlib
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.node import bodies, json_text
from mocksrv.vendors.cht.setup.builds import CONFIG
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/credentials.js"
BLOCK = 16  # bytes: what AES-256-CBC pads to
KEEPING = b"mocksrv"


@vendor.operation("PUT", "/api/v1/credentials/{key}", firewall=True, consumes="text/plain",
                  response=schemas.Fine, statuses=(200, 400, 401, 403), proof="source", source=SOURCE,
                  differences=(Difference.OLD_CREDENTIALS, Difference.CREDENTIALS_KEY))
def put_credential(world: World, call: Call) -> Any:
    """Store a secret, sent as text/plain, under a key; an older one is overwritten."""
    secret = bodies.text(call)
    if not secret:
        errors.fail(400, "Missing required request body",
                    diagnosis="send the secret as text/plain: other content types are not read")
    if not call.caller.admin:
        errors.fail(403, "Insufficient permissions", diagnosis="only a server admin may write credentials")
    write(world, call.params["key"], secret)
    return {"ok": True}


@vendor.operation("PUT", "/_node/_local/_config/medic-credentials/{key}", firewall=True, statuses=(200, 400, 401, 403),
                  response=response_schemas.TEXT, proof="docs", source="CHT API page: credentials before 4.0",
                  differences=(Difference.OLD_CREDENTIALS, Difference.CREDENTIALS_KEY))
def put_credential_3(world: World, call: Call) -> Any:
    """Store a secret the way of CHT 3: in CouchDB's configuration, which 4.x no longer reads."""
    if not call.caller.admin:
        errors.fail(401, "You are not a server admin.")
    try:
        secret = json_text.loads(call.body)
    except ValueError:
        errors.couch(400, "bad_request", "invalid UTF-8 JSON")
    if not isinstance(secret, str):
        errors.couch(400, "bad_request", "`medic-credentials` takes a JSON string")
    config = world.table(CONFIG)
    name = f"medic-credentials/{call.params['key']}"
    old = config.peek(name)
    config.put(name, {"value": secret})
    if Difference.OLD_CREDENTIALS.as_page(world):
        write(world, call.params["key"], secret)
    return rendering.CouchReply(old["value"] if old else "")


def read(world: World, key: str) -> str | None:
    """The secret of that key."""
    doc = documents.database(world, "medic-vault").peek(f"credential:{key}")
    return decipher(doc["password"]) if doc and isinstance(doc.get("password"), str) else None


def write(world: World, key: str, secret: str) -> None:
    vault = documents.database(world, "medic-vault")
    id = f"credential:{key}"
    vault.put({**(vault.get(id) or {"_id": id}), "password": encipher(world.hex(2 * BLOCK), secret)})


def encipher(iv: str, secret: str) -> str:
    data = secret.encode()
    data += bytes([BLOCK - len(data) % BLOCK]) * (BLOCK - len(data) % BLOCK)
    return f"{iv}:{xor(iv, data).hex()}"


def decipher(text: str) -> str | None:
    """The secret; None for what `encipher` did not make, such as a document written by hand."""
    iv, _, hexed = text.partition(":")
    try:
        data = xor(iv, bytes.fromhex(hexed))
        return data[: -data[-1]].decode()
    except (ValueError, IndexError):
        return None


def xor(iv: str, data: bytes) -> bytes:
    stream = hashlib.shake_256(KEEPING + iv.encode()).digest(len(data))
    return bytes(one ^ two for one, two in zip(data, stream, strict=True))
