"""A world's tables as a TinyDB that only reads: what a test asks of the world's data, by TinyDB's own queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol
from urllib.parse import quote

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

PAGE = 1_000  # documents in one call


class World(Protocol):
    """The part of `RemoteWorld` that is needed here."""

    def control(self, method: str, path: str, data: Any = None) -> Any: ...


class ReadOnly(TypeError):
    """The tables are read-only; the text says how to write."""

    def __init__(self) -> None:
        super().__init__("these tables are read-only: write through the vendor's API")


class RemoteStorage(Storage):
    """TinyDB's storage over the control plane: each read is a request."""

    def __init__(self, world: World) -> None:
        self._world = world

    def read(self) -> dict[str, dict[str, Any]]:
        return {table["name"]: self.documents(table["name"]) for table in self._world.control("GET", "/tables")}

    def write(self, data: Mapping[str, Mapping[str, Any]]) -> NoReturn:
        raise ReadOnly

    def documents(self, name: str) -> dict[str, Any]:
        """One table. Raises ControlFailure for one that there is not."""
        found: dict[str, Any] = {}
        while True:
            page = self._world.control("GET", f"/tables/{quote(name)}?skip={len(found)}&limit={PAGE}")
            found |= {one["id"]: one["doc"] for one in page["documents"]}
            if len(page["documents"]) < PAGE:
                return found


class RemoteTable(Table):
    """A table with text ids, of which nothing but its own documents is fetched."""

    document_id_class = str  # type: ignore[assignment]

    def __init__(self, storage: Storage, name: str) -> None:
        super().__init__(storage, name, cache_size=0)  # what a query found may have changed meanwhile

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        storage: RemoteStorage = self._storage  # type: ignore[assignment]
        return storage.documents(self.name)

    def _get_next_id(self) -> NoReturn:
        raise ReadOnly

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> NoReturn:
        raise ReadOnly


class RemoteDB(TinyDB):
    """`RemoteDB(world).table("cht.medic").search(where("type") == "person")`"""

    table_class = RemoteTable  # type: ignore[assignment]

    def __init__(self, world: World) -> None:
        super().__init__(storage=lambda: RemoteStorage(world))
