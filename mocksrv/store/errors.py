"""What a store refuses:

    Exists      an insert under an id that is taken
    Missing     an update or a delete of what is not there
    Damaged     a data file that cannot be read
    InUse       a data file that another store has open
    Full        a write into a store that may not grow any more

None of them has changed anything.
"""

from __future__ import annotations

from pathlib import Path


class Exists(Exception):
    def __init__(self, table: str, id: str) -> None:
        super().__init__(f"{table} has a document {id!r} already")
        self.table = table
        self.id = id


class Missing(Exception):
    def __init__(self, table: str, id: str) -> None:
        super().__init__(f"{table} has no document {id!r}")
        self.table = table
        self.id = id


class Damaged(Exception):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the data file {path} is damaged: {reason}; it was left as it is: "
                         "put a good copy in its place, or name another file")
        self.path = path
        self.reason = reason


class InUse(Exception):
    def __init__(self, path: Path) -> None:
        super().__init__(f"the data file {path} is in use: another server has it open; "
                         "stop that one, or name another file")
        self.path = path


class Full(Exception):
    def __init__(self, most: int) -> None:
        super().__init__(f"the documents take more than the {most} bytes that there are for them")
        self.most = most
