"""The list of what changed between releases."""

import re
from pathlib import Path

from mocksrv.config import Config
from mocksrv.operation import release_number
from mocksrv.vendors.cht import releases, vendor
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.view_index import rows_of
from mocksrv.vendors.cht.ddocs import full_text, views
from mocksrv.worlds import Worlds

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


def test_a_view_and_a_full_text_index_of_one_name_are_kept_apart():
    """Worlds of both releases are forks of one, whose rows they share."""
    origin = Worlds([vendor], Config(vendor=("cht",), size=20)).origin
    older, newer = origin.fork("older"), origin.fork("newer")
    (report, *_) = Database(older, "medic").each({"data_record"})
    view = "medic", "medic", full_text.REPLICATED.name

    def replicated(world):
        return len(rows_of(world, view, views.VIEWS[view[:2]][view[2]]).at("_all"))

    indexed = full_text.holding(newer, full_text.REPLICATED, "type:data_record")
    assert (report["_id"] in {id for _, id in indexed}, replicated(older) > 0) == (True, True)
    assert replicated(newer) == replicated(older)
    assert full_text.holding(older, full_text.REPLICATED, "type:data_record") == indexed
