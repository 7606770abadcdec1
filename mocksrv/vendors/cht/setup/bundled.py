"""The content of a release: design documents, translations, and the permissions of its default settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.operation import in_release
from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.ddocs import sources
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.shared_libs import translations
from mocksrv.world import World

Doc = dict[str, Any]
DESIGNS = (("_users", "users"), ("medic-logs", "logs"), ("medic-sentinel", "sentinel"),
           ("medic-users-meta", "users-meta"),
           *(("medic", name) for name in ("medic", "medic-admin", "medic-client", "medic-conflicts", "medic-scripts",
                                          "medic-sms")))
# Views that the full-text index replaced, by design document.
GONE = {"medic": ("docs_by_replication_key",),
        "medic-client": ("contacts_by_freetext", "contacts_by_type_freetext", "reports_by_freetext",
                         "total_clinics_by_facility")}
WITHOUT_VIEWS = "medic-scripts"  # from 5.0 on
FULL_TEXT = "medic"  # has the full-text indexes
SIZE = 300  # bytes of an index for each document, as in GET /api/v1/monitoring
LANGUAGES = {"bm": "Bamanankan (Bambara)", "en": "English", "es": "Español (Spanish)", "fr": "Français (French)",
             "hi": "हिन्दी (Hindi)", "id": "Bahasa Indonesia (Indonesian)", "ne": "नेपाली (Nepali)",
             "sw": "Kiswahili (Swahili)"}
LATER_LANGUAGES = {"ar": "عربي (Arabic)", "pt": "Português (Portuguese)"}
ENABLED = ("en", "es", "fr")


def design(world: World, name: str) -> Doc:
    """The body of a design document."""
    known = builds.record(world)
    if not releases.VIEWS.holds(world):
        return {"build_info": known["info"], **sources.document(name), "version": known["info"]["build"],
                "deploy_info": known["deploy"]}
    keys = ("author", "base_version", "build", "time", "version")
    build = {key: known["info"][key] for key in keys}
    about = {"build_info": build, "version": build["version"], "deploy_info": known["deploy"]}
    return {**about, **(sources.document(name) | contents(name, later=True) if name != WITHOUT_VIEWS else {})}


def contents(name: str, *, later: bool) -> Doc:
    """The views of a design document, before or after the full-text index took the place of some, and others came."""
    views = sources.document(name)["views"]
    if not later:
        return {"views": views}
    gone = views if name == WITHOUT_VIEWS else GONE.get(name, ())
    counted = sources.COUNTED_LATER if name == "medic-client" else ()
    new = {view: {"map": text} for view, text in sources.NAMING_PRIMARY_CONTACTS.items()} if name == "medic" else {}
    return {"views": {view: texts | ({"reduce": "_count"} if view in counted else {})
                      for view, texts in (views | new).items() if view not in gone}}


def differences(world: World, release: str) -> list[Doc]:
    """The design documents that differ in another release, with what would be indexed anew and its size."""
    later = releases.VIEWS.holds(world)
    if in_release(release, releases.VIEWS.since) is later:
        return []
    found = []
    for database, name in DESIGNS:
        if contents(name, later=True) != contents(name, later=False):
            kinds = ["views", "indexes"] if name == FULL_TEXT and not later else ["views"]
            size = SIZE * len(documents.database(world, database))
            found.append({"type": kinds, "ddoc": f"_design/{name}", "db": database, "size": size, "indexing": True})
    return found


def messages(world: World) -> Iterator[Doc]:
    """The documents of all languages. From 5.0 on the settings alone say which are switched on."""
    later = releases.LANGUAGES.holds(world)
    for code, name in (LANGUAGES | LATER_LANGUAGES if later else LANGUAGES).items():
        enabled = {} if later else {"enabled": code in ENABLED}
        yield {"_id": f"messages-{code}", "type": "translations", "code": code, "name": name, **enabled,
               "generic": translations.BUILT_IN.get(code, {})}
