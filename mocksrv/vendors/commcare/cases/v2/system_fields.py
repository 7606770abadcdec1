"""What a case has besides its properties, by the names under which HQ's search index has it, too.

HQ source: corehq/apps/case_search/const.py, corehq/apps/es/case_search.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

METADATA: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "@case_id": lambda doc: doc["case_id"],
    "@case_type": lambda doc: doc["case_type"],
    "@owner_id": lambda doc: doc["owner_id"],
    "@status": lambda doc: "closed" if doc["closed"] else "open",
    "name": lambda doc: doc["case_name"],
    "case_name": lambda doc: doc["case_name"],
    "external_id": lambda doc: doc["external_id"],
    "date_opened": lambda doc: doc["date_opened"],
    "closed_on": lambda doc: doc["date_closed"],
    "last_modified": lambda doc: doc["date_modified"],
}
