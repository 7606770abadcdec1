"""The store of a world: indexed tables of JSON documents over TinyDB, copied at no cost."""

from mocksrv.store.errors import Damaged, Exists, Full, InUse, Missing
from mocksrv.store.index import Index, Key, TableSpec, on
from mocksrv.store.store import Store
from mocksrv.store.table import Table
from mocksrv.store.tree import TOP

__all__ = [
    "TOP",
    "Damaged",
    "Exists",
    "Full",
    "InUse",
    "Index",
    "Key",
    "Missing",
    "Store",
    "Table",
    "TableSpec",
    "on",
]
