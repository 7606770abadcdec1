"""Which release is installed: what upgrades change, and what the server tells of itself."""

from __future__ import annotations

from typing import Any

from mocksrv.world import World

CONFIG = "cht.config"  # what is kept outside of the databases: the installed build, CouchDB's configuration
VERSION = "4.15.0"
INSTALLED = "build"  # the record of it in the table CONFIG
FIRST = {"timestamp": 1732527690000, "user": "admin"}


def build_of(version: str) -> dict[str, Any]:
    """The `build_info` that a release carries in its design documents, by name: one file each makes it."""
    return {"application": "medic", "author": "npm on builder", "base_version": version, "build": f"{version}.1",
            "namespace": "medic", "schema_version": 2, "time": "2024-11-25T09:41:30.000Z", "version": version}


def installed(world: World) -> dict[str, Any]:
    """The `build_info` of the installed release."""
    record = world.table(CONFIG).peek(INSTALLED)
    return dict(record["info"]) if record else build_of(VERSION)


def version(world: World) -> str:
    return str(installed(world)["version"])


def deployment(world: World) -> dict[str, Any]:
    """What is installed, when and by whom: `build_info` and `deploy_info` together."""
    record = world.table(CONFIG).peek(INSTALLED)
    return installed(world) | (dict(record["deploy"]) if record else FIRST)


def deploy(world: World, release: str, user: str) -> None:
    """Have another release installed from now on."""
    when = {"timestamp": world.clock.ms(), "user": user}
    world.table(CONFIG).put(INSTALLED, {"info": build_of(release), "deploy": when})
