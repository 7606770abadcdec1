"""The login page, and the scripts and the style that it asks for; ours is a plain form that works.

Everything is in files of their own, because the server's Content-Security-Policy stops scripts within pages.
"""

from __future__ import annotations

import html
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

ASSETS = ", ".join(f"</login/{name}>; rel=preload; as={kind}" for name, kind in
                   (("style.css", "style"), ("script.js", "script"), ("lib-bowser.js", "script")))
SOURCE = "CHT 4.15 source, api/src/controllers/login.js"
STATIC = "CHT 4.15 source, api/src/routing.js"
SCRIPT_TYPE = "application/javascript; charset=UTF-8"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><title>Login</title><link rel="stylesheet" href="{prefix}/login/style.css">
<script src="{prefix}/login/lib-bowser.js" defer></script><script src="{prefix}/login/script.js" defer></script>
</head>
<body>
<form id="form" action="{action}" method="POST" data-prefix="{prefix}">
{fields}
<button>Login</button>
<p id="message" role="alert"></p>
</form>
</body>
</html>
"""
LOGIN_FIELDS = """<label>User name <input name="user" autocomplete="username" autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>"""
RESET_FIELDS = """<label>User name <input name="username" autocomplete="username" autofocus></label>
<label>Password <input name="currentPassword" type="password" autocomplete="current-password"></label>
<label>New password <input name="password" type="password" autocomplete="new-password"></label>"""
STYLE = """body { font-family: sans-serif; margin: 4em auto; width: 20em }
input { display: block; margin: 0.3em 0 1em; width: 100% }
"""
# A success is a 302 without a Location: where to go is its body.
SCRIPT = """"use strict";
document.getElementById("form").addEventListener("submit", async event => {
  event.preventDefault();
  const form = event.target, message = document.getElementById("message");
  const fields = Object.fromEntries(new FormData(form));
  const redirect = new URLSearchParams(location.search).get("redirect");
  message.textContent = "";
  const answer = await fetch(form.action, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(redirect ? {...fields, redirect} : fields),
  });
  const text = await answer.text();
  if (answer.status === 302) {
    location.assign(form.dataset.prefix + text);
  } else {
    message.textContent = answer.status === 401 ? "Wrong user name or password." : text;
  }
});
"""
BOWSER = """"use strict";
// On the real page this library tells browsers that are too old; ours takes every browser.
"""


def page(call: Call, path: str, fields: str = LOGIN_FIELDS) -> Reply:
    """A login page that posts to a path."""
    text = PAGE.format(prefix=html.escape(call.prefix), action=html.escape(call.prefix + path), fields=fields)
    return Reply(text, content_type="text/html; charset=utf-8")


@vendor.operation("GET", "/medic/login", name="login_page", anonymous=True, produces="text/html", proof="source",
                  source=SOURCE)
def login_page(world: World, call: Call) -> Any:
    """The login page."""
    reply = page(call, "/medic/login")
    reply.headers.append(("Link", ASSETS))
    return reply


@vendor.operation("GET", "/login/style.css", name="login_style", anonymous=True, produces="text/css", proof="source",
                  source=STATIC)
def login_style(world: World, call: Call) -> Any:
    """The style sheet of the login page."""
    return Reply(STYLE, content_type="text/css; charset=UTF-8")


@vendor.operation("GET", "/login/script.js", name="login_script", anonymous=True,
                  produces="application/javascript", proof="source", source=STATIC)
def login_script(world: World, call: Call) -> Any:
    """The script of the login page: it posts the form as JSON and goes where the answer says."""
    return Reply(SCRIPT, content_type=SCRIPT_TYPE)


@vendor.operation("GET", "/login/lib-bowser.js", name="login_bowser", anonymous=True,
                  produces="application/javascript", proof="source", source=STATIC)
def login_bowser(world: World, call: Call) -> Any:
    """Where the real page has a library that knows browsers; ours needs none."""
    return Reply(BOWSER, content_type=SCRIPT_TYPE)
