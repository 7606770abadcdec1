"""The store of a world: indexed tables of JSON documents over TinyDB, copied at no cost."""

from mocksrv.store.disk import Damaged, InUse
from mocksrv.store.index import Index, Key, TableSpec, on
from mocksrv.store.shared import TOP
from mocksrv.store.store import Store
from mocksrv.store.table import Exists, Missing, Table

__all__ = [
    "TOP",
    "Damaged",
    "Exists",
    "InUse",
    "Index",
    "Key",
    "Missing",
    "Store",
    "Table",
    "TableSpec",
    "on",
]
