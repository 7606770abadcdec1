"""Templates of records: `{name: "{{ faker.name }}", repeat: 500}`, with the seed of the world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv import templates
from mocksrv.imports.sources import Wrong
from mocksrv.templates.members import Provider
from mocksrv.world import World

MOST = 1_000_000  # records of one template


class Templates:
    """Makes records out of templates, with one Faker for a whole import."""

    def __init__(self, world: World) -> None:
        self._faker = Provider(world)
        self._templates = templates.Templates(("n", "faker"))

    def records(self, template: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The records that a template stands for: itself, unless it has `repeat` or expressions. Raises Wrong."""
        repeat = template.get("repeat", 1)
        if isinstance(repeat, bool) or not isinstance(repeat, int) or not 0 <= repeat <= MOST:
            raise Wrong(f"repeat takes a whole number from 0 to {MOST}", "repeat")
        rest = {key: value for key, value in template.items() if key != "repeat"}
        for number in range(1, repeat + 1):
            try:
                yield self._templates.fill(rest, {"n": number, "faker": self._faker})
            except templates.Unfit as error:
                raise Wrong(str(error), *error.path) from None
