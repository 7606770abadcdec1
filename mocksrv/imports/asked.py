"""A record that goes in as a request does: by the operation that makes such a record, whose rules are the vendor's."""

from __future__ import annotations

import io
import json
from typing import Any

from mocksrv.call import Call, Refusal
from mocksrv.imports import Wrong
from mocksrv.operation import Operation
from mocksrv.world import World


def ask(world: World, operation: Operation, call_type: type[Call], body: Any, caller: Any, **params: str) -> Any:
    """What an operation answers to a body, asked by a caller who may. Raises Wrong with the vendor's own words."""
    data = json.dumps(body).encode()
    path = operation.path.format(**params) if "{" not in operation.path.replace("{domain", "") else operation.path
    call = call_type(method=operation.method, path=path, target=path, headers={"content-type": "application/json"},
                     input=io.BytesIO(data), remote_addr="127.0.0.1", scheme="http", host="127.0.0.1:8080",
                     prefix=world.prefix, max_body=len(data) + 1)
    call.operation, call.params, call.caller = operation, params, caller
    try:
        return operation.run(world, call)
    except Refusal as refusal:
        raise Wrong(words(refusal)) from None


def words(refusal: Refusal) -> str:
    """A refusal in one line: what the vendor says, and our diagnosis."""
    said = refusal.body
    if isinstance(said, dict):
        said = said.get("error", said.get("error_message", said.get("message", said)))
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, default=str)
    why = "; ".join(refusal.diagnosis) if isinstance(refusal.diagnosis, list) else refusal.diagnosis
    return f"{text} ({why})" if why and why != text else text
