"""The payload of a push: a JSON object made of a document by the `mapping` of its configuration.

CHT 4.15 source, shared-libs/outbound/src/outbound.js.
"""

from __future__ import annotations

import hashlib
from typing import Any

from mocksrv.vendors.cht.node import javascript, json_text, vm
from mocksrv.vendors.cht.outbound import object_path
from mocksrv.world import World

Payload = dict[str, Any]


class OutboundError(Exception):
    """The push cannot be made; the text is the server's log message."""


def mapped(world: World, doc: dict[str, Any], config: dict[str, Any], key: str) -> Payload:
    """The payload of a document for one configuration. Raises OutboundError."""
    mapping = config.get("mapping")
    if not isinstance(mapping, dict):
        raise OutboundError(f"mapping of '{key}' is no object")
    payload: Payload = {}
    for target, source in mapping.items():
        known = {"path": source} if isinstance(source, str) else source if isinstance(source, dict) else {}
        path, expression = known.get("path"), known.get("expr")
        place = f"Mapping error for '{key}/{target}'"
        if javascript.truthy(expression):
            try:
                value = vm.run(world, str(expression), doc)
            except vm.ScriptError as error:
                raise OutboundError(f"{place} JS error on source document: '{doc['_id']}': {error}") from None
            missing, reason = value is vm.UNDEFINED, "expr evaluated to undefined"
        elif javascript.truthy(path):
            value = object_path.get({"doc": doc}, str(path))
            missing, reason = value is object_path.MISSING, f"cannot find '{path}' on source document"
        else:
            raise OutboundError(f"{place} either 'expr' or 'path' is required: '{doc['_id']}'")
        if not missing:
            object_path.put(payload, target, value)
        elif not javascript.truthy(known.get("optional")):
            raise OutboundError(f"{place} on source document '{doc['_id']}': {reason}")
    return payload


def digest(payload: Payload) -> str:
    """The hash by which the server recognises a payload that was sent before."""
    return hashlib.sha256(ordered(payload).encode()).hexdigest()


def ordered(value: Any) -> str:
    """Compact JSON with sorted keys, except in objects within lists."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f'"{key}":{ordered(value[key])}' for key in keys) + "}"
    return json_text.text(value)


def was_sent(payload: Payload, key: str, info: dict[str, Any]) -> bool:
    """Whether the last push of that configuration sent the same."""
    tasks = info.get("completed_tasks") or []
    hashes = (task.get("hash") for task in reversed(tasks) if (task.get("type"), task.get("name")) == ("outbound", key))
    last = next(hashes, None)
    return bool(last) and last == digest(payload)
