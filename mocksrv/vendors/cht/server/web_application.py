"""Substitutes for the web application: its pages, its files, and the redirects between them.

CHT 4.15 source, api/src/routing.js; recorded from 4.15.0 and 5.2.0.
"""

from __future__ import annotations

import json
from typing import Any

from mocksrv.vendors.cht import releases, rendering
from mocksrv.vendors.cht.access import auth, entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.server import info
from mocksrv.vendors.cht.server.files import file, folder
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

REWRITE = "/medic/_design/medic/_rewrite"
ADMIN_REWRITE = "/medic/_design/medic-admin/_rewrite"
HTML = "text/html"
PAGE = ("<!DOCTYPE html><html><head><title>CHT</title></head><body><p>The {} is not simulated. "
        "<a href=\"{}/_mocksrv/\">mocksrv's own page</a> shows what is.</p></body></html>\n")
# Browsers that know the application by the address of its first versions are led to that of today.
MOVED = """<!--
This loads as an empty page, for browsers that come back to the address from before there were service workers.
It has no manifest, so that they forget what they had stored of it, and go on to the new address.
-->

<html>
  <head>
    <meta http-equiv="refresh" content="0; url={}/" />
  </head>
  <body></body>
</html>
"""
SERVICE_WORKER = """self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));
// The real one stores the application for use without network; this one stores nothing.
"""


@vendor.operation("GET", "/", name="root", anonymous=True, statuses=(200, 400, 401),
                  errors=response_schemas.COUCH_ERROR,
                  produces=(HTML, "application/json"), response=response_schemas.WELCOME, proof="source",
                  source=info.SOURCE)
def root(world: World, call: Call) -> Any:
    """The web application, or for `Accept: application/json` CouchDB's greeting."""
    if call.header("accept") != "application/json":
        return file(call, PAGE.format("web application", world.prefix), HTML)
    auth.signed_in(call)
    return rendering.CouchReply(info.greeting())


@vendor.operation("GET", "/login", name="login_folder", anonymous=True, statuses=(301,), produces=HTML, proof="source",
                  source=info.SOURCE)
def login_folder(world: World, call: Call) -> Any:
    """A redirect to the folder of the login page's files, which has no listing."""
    return folder(call)


@vendor.operation("GET", "/admin", name="admin_folder", firewall=True, statuses=(301, 403), produces=HTML,
                  proof="source", source=info.SOURCE)
def admin_folder(world: World, call: Call) -> Any:
    """A redirect to the application for administrators."""
    return folder(call)


@vendor.operation("GET", "/admin/", f"{ADMIN_REWRITE}/", name="admin_page", firewall=True, statuses=(200, 403),
                  produces=HTML, proof="source", source=info.SOURCE)
def admin_page(world: World, call: Call) -> Any:
    """The application for administrators, where they are sent after the login."""
    return file(call, PAGE.format("application for administrators", world.prefix), HTML)


@vendor.operation("GET", f"{REWRITE}/", name="rewrite_page", anonymous=True, produces=HTML, proof="source",
                  source=info.SOURCE)
def rewrite_page(world: World, call: Call) -> Any:
    """The page at the application's old address, for browsers that still have that one."""
    return file(call, MOVED.format(world.prefix), HTML)


@vendor.operation("GET", REWRITE, name="rewrite_redirect", statuses=(302, 404), errors=response_schemas.COUCH_ERROR,
                  proof="source", source=info.SOURCE)
def rewrite_redirect(world: World, call: Call) -> Any:
    """A redirect to that page; in older releases an online user's request goes on to CouchDB's 404."""
    if call.caller.online and not releases.REWRITE_REDIRECT.holds(call):
        raise entrance.refusal(world, call)
    return rendering.redirect(call, f"{REWRITE}/")


@vendor.operation("GET", "/service-worker.js", name="service_worker", anonymous=True,
                  produces=("application/javascript", "text/javascript"), proof="source", source=info.SOURCE)
def service_worker(world: World, call: Call) -> Any:
    """The service worker, which lets browsers run the application offline; ours stores nothing."""
    return file(call, SERVICE_WORKER, "application/javascript")


@vendor.operation("GET", "/manifest.json", name="manifest", anonymous=True, response=response_schemas.ANYTHING,
                  proof="source", source=info.SOURCE)
def manifest(world: World, call: Call) -> Any:
    """What a browser needs to install the web application."""
    icons = [{"src": "/img/icon.png", "sizes": "any", "purpose": "any"},
             {"src": "/favicon.ico", "sizes": "32x32", "type": "image"}]
    described = {"start_url": "./", "name": "Community Health Toolkit", "display": "standalone",
                 "background_color": "#323232", "theme_color": "#323232", "icons": icons}
    return file(call, json.dumps(described, indent=2), "application/json")


@vendor.operation("GET", "/robots.txt", name="robots", anonymous=True, produces="text/plain", proof="source",
                  source=info.SOURCE)
def robots(world: World, call: Call) -> Any:
    """robots.txt: search engines must stay away."""
    return file(call, "User-agent: *\nDisallow: /", "text/plain")
