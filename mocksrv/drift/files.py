"""Shapes of one vendor's answers, from one side, as a file.

    {"vendor": "cht", "version": "4.15.0", "date": "2026-11-22", "target": "mock",
     "operations": {"get_person": {"test_person.py::test_one #2": shape}}}
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from mocksrv.drift.answer_shape import Shape
from mocksrv.drift.json_shape import is_node, is_texts

Document = dict[str, Any]
TARGETS = ("mock", "live")
VENDOR = re.compile(r"[a-z][a-z0-9_-]*")
HEAD = ("vendor", "version", "date", "target")


class Unusable(ValueError):
    """A file with unexpected content; the text says which file, and what to do."""


def document(vendor: str, version: str, date: str, target: str) -> Document:
    """A document without shapes. `date` is ISO, without time; `version` is the service's own word for its release."""
    return {"vendor": vendor, "version": version, "date": date, "target": target, "operations": {}}


def add(shapes: Document, operation: str, case: str, shape: Shape) -> None:
    """Add a case, or replace it."""
    shapes["operations"].setdefault(operation, {})[case] = shape


def merge(old: Document, new: Document) -> Document:
    """The old document with the cases of the new one in place of its own; version and date are the new one's."""
    if (old["vendor"], old["target"]) != (new["vendor"], new["target"]):
        raise Unusable(f"shapes of {new['vendor']} ({new['target']}) cannot be added to those of "
                       f"{old['vendor']} ({old['target']})")
    operations = {name: {**old["operations"].get(name, {}), **new["operations"].get(name, {})}
                  for name in old["operations"].keys() | new["operations"].keys()}
    return {**new, "operations": operations}


def save(shapes: Document, path: Path) -> None:
    """Operations and cases by name, keys of answers in their own order; never half a file."""
    ordered = {name: {case: shapes["operations"][name][case] for case in sorted(shapes["operations"][name])}
               for name in sorted(shapes["operations"])}
    text = json.dumps({**{key: shapes[key] for key in HEAD}, "operations": ordered}, indent=1, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    written.write_text(text + "\n", encoding="utf-8")
    written.replace(path)


def load(path: Path) -> Document:
    """The document of a file, or Unusable."""
    data = read_json(path)
    missing = [key for key in (*HEAD, "operations") if not isinstance(data, dict) or key not in data]
    if missing:
        raise Unusable(f"{path} holds no shapes: it lacks {', '.join(missing)}")
    if not isinstance(data["vendor"], str) or not VENDOR.fullmatch(data["vendor"]):
        raise Unusable(f"{path}: vendor must be a plain word")
    if data["target"] not in TARGETS:
        raise Unusable(f"{path}: target must be one of {', '.join(TARGETS)}, not {data['target']}")
    operations = data["operations"]
    if not isinstance(operations, dict) or not all(isinstance(cases, dict) for cases in operations.values()):
        raise Unusable(f"{path}: its operations are no cases by operation")
    bad = next((f"{name}, {case}" for name, cases in operations.items() for case, shape in cases.items()
                if not is_shape(shape)), None)
    if bad:
        raise Unusable(f"{path}: {bad} is no shape")
    return dict(data)


def is_shape(value: Any) -> bool:
    """Whether a value has the form of a shape throughout."""
    if not isinstance(value, dict) or value.keys() != {"status", "headers", "body"}:
        return False
    headers, body = value["headers"], value["body"]
    facts = isinstance(headers, dict) and all(
        isinstance(fact, str) or (name == "set-cookie" and is_texts(fact)) for name, fact in headers.items())
    return type(value["status"]) is int and facts and (isinstance(body, str) or (
        isinstance(body, dict) and bool(body) and is_texts(body.get("namespaces", [])) and (
            isinstance(body["text"], str) if "text" in body else is_node(next(iter(body.values()))))))


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise Unusable(f"{path} is not JSON: {error}") from error
