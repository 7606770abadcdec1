"""The installed release, which upgrades change and the server reports."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import releases
from mocksrv.world import World

CONFIG = "cht.config"  # state outside of the databases: the installed build, CouchDB's configuration
INSTALLED = "build"  # the record of it in the table CONFIG
FIRST = 1732527690000  # ms: when a new installation was made


# When and by whom the recorded releases were built.
BUILT = {"4.15": ("2024-11-25T09:41:30.000Z", "npm on builder"), "5.2": ("2026-06-25T20:55:46.000Z", "npm on x")}


def build_of(version: str) -> dict[str, Any]:
    """The `build_info` that a release carries in its design documents, by name: one file each makes it."""
    release = releases.of_version(version)
    build = f"{version}.1" if release in ("", releases.OLDEST) else version
    time, author = BUILT.get(release, BUILT[releases.OLDEST])
    return {"application": "medic", "author": author, "base_version": version, "build": build,
            "namespace": "medic", "schema_version": 2, "time": time, "version": version}


def installed(world: World) -> dict[str, Any]:
    """The `build_info` of the installed release."""
    return dict(record(world)["info"])


def version(world: World) -> str:
    return str(installed(world)["version"])


def deployment(world: World) -> dict[str, Any]:
    """What is installed and when: `build_info` and `deploy_info` together. The user is empty, as recorded."""
    known = record(world)
    return {**known["info"], **known["deploy"]}


def record(world: World) -> dict[str, Any]:
    """`{"info", "deploy"}` of the installed release: that of the first installation until there was an upgrade."""
    found: dict[str, Any] | None = world.table(CONFIG).get(INSTALLED)
    return found if found is not None else note(releases.RELEASES[world.setting(releases.SETTING)], FIRST)


def deploy(world: World, version: str) -> None:
    """Install another version; if it belongs to another release, the world runs that."""
    world.table(CONFIG).put(INSTALLED, note(version, world.clock.ms()))
    if release := releases.of_version(version):
        world.settings[releases.SETTING] = release


def note(version: str, now: int) -> dict[str, Any]:
    """The record of an installation at a moment (ms)."""
    return {"info": build_of(version),
            "deploy": {"user": "", "upgrade_log_id": f"upgrade_log:{now}:{version}", "timestamp": now}}
