"""The list of what changed between releases."""

import re
from pathlib import Path

from mocksrv.operation import release_number
from mocksrv.vendors.cht import releases

CODE = Path(releases.__file__).parent


def test_every_change_is_asked_for_and_came_in_a_known_release():
    text = "".join(file.read_text("utf-8") for file in CODE.rglob("*.py"))
    asked = set(re.findall(r"\breleases\.([A-Z_]+)\b", text))
    for name, change in releases.changes():
        assert name in asked, f"nothing asks for releases.{name}"
        assert release_number(releases.OLDEST) < release_number(change.since) <= release_number(
            list(releases.RELEASES)[-1])
        assert change.where
        assert change.source
