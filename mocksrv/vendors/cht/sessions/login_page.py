"""The login page and that of login links, with their scripts and style: plain, but working.

Everything is in files of their own, because the server's Content-Security-Policy stops scripts within pages.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mocksrv.call import Reply
from mocksrv.vendors.cht import releases, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.server.files import file
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.users import sso
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

OLDER_ASSETS = ("style.css", "script.js", "lib-bowser.js")
ASSETS = ("style.css", "script.js", "auth-utils.js", "lib-bowser.js")
RESET_ASSETS = ("style.css", "auth-utils.js", "password-reset.js")
SOURCE = "CHT 4.15 source, api/src/controllers/login.js"
STATIC = "CHT 4.15 source, api/src/routing.js"
# Elements, ids and classes are the server's, because scripts and browser tests use them. Texts, style and script are
# ours.
HEAD = """<!DOCTYPE html>
<html>
{indent}<head>
  {indent}<meta name="viewport" content="width=device-width, initial-scale=1">
  {indent}<meta name="theme-color" content="#323232">
  {indent}<title>Community Health Toolkit</title>
  {indent}<link href="{prefix}/login/style.css" media="all" rel="stylesheet">
  {indent}<link rel="shortcut icon" href="{prefix}/favicon.ico">
  {indent}<link rel="manifest" href="{prefix}/manifest.json">
{indent}</head>
{indent}<body data-prefix="{prefix}" data-default-locale="{locale}" data-translations="{translations}">
"""
LOGIN = HEAD + """    <div class="center">
      <form id="form" action="{action}" method="POST">
        <img class="logo" src="{logo}" title="Community Health Toolkit">
        <p id="unsupported-browser" class="hidden">
          <span translate="login.unsupported_browser"></span>
          <span id="unsupported-browser-update"></span>
        </p>
        <label for="user" translate="User Name"></label>
        <input id="user" name="user" autocomplete="off" autocorrect="off" autocapitalize="none" spellcheck="false"/>
        <label for="password" translate="Password"></label>
        <div id="password-container" class="hidden-password">
          <input id="password" name="password" type="password"/>
          <div id="password-toggle">
            <img class="show-password-icon" src="{eye}" translate-title="login.show_password">
            <img class="hide-password-icon" src="{eye}" translate-title="login.hide_password">
          </div>
        </div>
        <p class="error offline" translate="online.action.message"></p>
        <p class="error incorrect" translate="login.incorrect"></p>
        <p class="error unknown" translate="login.error"></p>
        <button id="login" class="btn" translate="login"></button>{sso}
        <div class="loader"></div>
      </form>
      <div id="locale" class="wrapper">
        {locales}
      </div>
      {policy}
    </div>
    <script src="{prefix}/login/lib-bowser.js"></script>
    <script src="{prefix}/login/script.js"></script>
  </body>
</html>
"""
TOKEN = HEAD + """<div class="center">
  <div id="wrapper">
    <img class="logo" src="{logo}" title="Community Health Toolkit">
    <div class="locale-wrapper">
      <div class="loading">
        <p translate="login.token.loading"></p>
        <div class="loader"></div>
      </div>
      <p class="error invalid" translate="login.token.invalid"></p>
      <p class="error missing" translate="login.token.missing"></p>
      <p class="error expired" translate="login.token.expired"></p>
      <p class="error timeout" translate="login.token.timeout"></p>
      <p class="error unknown" translate="login.token.general.error"></p>
      <div class="login-link">
        <p translate="login.token.redirect.login.info"></p>
        <a href="{prefix}/medic/login" class="btn"><span translate="login.token.redirect.login"></span></a>
      </div>
    </div>
    <div id="locale" class="wrapper">
      {locales}
    </div>
    {policy}
  </div>
</div>
<form id="tokenLogin" action="{action}"></form>
<script src="{prefix}/login/script.js"></script>
</body>
</html>
"""
RESET = HEAD + """<div class="center">
  <form id="form" action="{action}" method="POST">
    <img class="logo" src="{logo}" title="Community Health Toolkit">
    <label for="username" translate="User Name"></label>
    <input id="username" name="username" autocomplete="username"/>
    <label for="currentPassword" translate="Current Password"></label>
    <input id="currentPassword" name="currentPassword" type="password" autocomplete="current-password"/>
    <label for="password" translate="New Password"></label>
    <input id="password" name="password" type="password" autocomplete="new-password"/>
    <p class="error incorrect" translate="login.incorrect"></p>
    <p class="error unknown" translate="login.error"></p>
    <button id="update-password" class="btn" translate="Update Password"></button>
  </form>
  <div id="locale" class="wrapper">
      {locales}
  </div>
  {policy}
</div>
<script src="{prefix}/login/script.js"></script>
</body>
</html>
"""
OLDER_BROWSERS = """    <p id="unsupported-browser" class="hidden">
      <span translate="login.unsupported_browser"></span>
      <span id="unsupported-browser-update"></span>
    </p>
"""
# Changes of later releases: to all pages, to the login page, and to the page of a link.
LATER = (("<html>", '<html dir="ltr">'),)
LATER_LOGIN = (
    ('        <label for="user"', '        <div id="login-fields">\n        <label for="user"'),
    ('        <button id="login"', '        <p class="error sso_user_invalid" translate="login.sso.user_invalid"></p>\n'
                                   '        <button id="login"'),
    ("{sso}\n", "{sso}\n        </div>\n"),
    ("    <script src=\"{prefix}/login/script.js", "    <script src=\"{prefix}/login/auth-utils.js\"></script>\n"
                                                    "    <script src=\"{prefix}/login/script.js"),
)
LATER_TOKEN = (
    ('    <div class="locale-wrapper">', OLDER_BROWSERS + '    <div class="locale-wrapper">'),
    ("<script src=\"{prefix}/login/script.js", "<script src=\"{prefix}/login/lib-bowser.js\"></script>\n"
     "<script src=\"{prefix}/login/auth-utils.js\"></script>\n<script src=\"{prefix}/login/script.js"),
)
ENABLED = ("en", "es", "fr")  # if the documents have none
LOCALE = """
{indent}<a href="#" name="{code}" class="locale">{name}</a>
{margin}"""
SVG = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 6'%3E{}%3C/svg%3E"
LOGO = SVG.format("%3Cpath d='M1 2h6v2H1zM3 0h2v6H3z' fill='%23323232'/%3E")
EYE = SVG.format("%3Cpath d='M0 3q4-5 8 0-4 5-8 0z' fill='none' stroke='gray'/%3E%3Ccircle cx='4' cy='3' r='1'/%3E")
TEXTS = {  # of the pages, by the keys of the server
    "login": "Login",
    "login.error": "The login failed for an unexpected reason. Please try once more.",
    "login.hide_password": "Hide password",
    "login.incorrect": "Wrong user name or password.",
    "login.show_password": "Show password",
    "login.sso": "Login with SSO",
    "login.sso.user_invalid": "Nobody here has this name at the provider.",
    "login.unsupported_browser": "This browser is too old for the application.",
    "login.unsupported_browser.outdated_cht_android": "Please update cht-android.",
    "login.unsupported_browser.outdated_webview_apk": "Please update Android System WebView.",
    "login.unsupported_browser.outdated_browser": "Please update the browser.",
    "online.action.message": "There is no network. Please try again once you are online.",
    "User Name": "User name",
    "Password": "Password",
    "privacy.policy": "Privacy policy",
}
RESET_TEXTS = {"Current Password": "Current password", "New Password": "New password",
               "Update Password": "Update password", **TEXTS}
TOKEN_TEXTS = {
    "login.token.missing": "The link is not complete. Please ask for a new one.",
    "login.token.expired": "The link is too old. Please ask for a new one.",
    "login.token.invalid": "The link is not valid. Please ask for a new one.",
    "login.token.timeout": "The login took too long. Please try again.",
    "login.token.general.error": "The login failed for an unexpected reason. Please try once more.",
    "login.token.loading": "You are being logged in.",
    "login.token.redirect.login.info": "Those who know their user name and password can log in with them.",
    "login.token.redirect.login": "Login page",
    "privacy.policy": "Privacy policy",
}
SSO_BUTTON = """
          \n          <button id="login-sso" type="button" class="btn" translate="login.sso"></button>
          """
STYLE = """body { font-family: sans-serif; margin: 4em auto; width: 20em }
input { display: block; margin: 0.3em 0 1em; width: 100% }
.logo { display: block; height: 3em; margin: 0 auto 1em }
#password-toggle img { height: 1em; cursor: pointer }
.hidden, .error, .loader, .loading, .hidden-password .hide-password-icon { display: none }
.shown-password .show-password-icon { display: none }
.offline .error.offline, .incorrect .error.incorrect, .unknown .error.unknown { display: block }
.invalid .error.invalid, .missing .error.missing, .expired .error.expired { display: block }
.timeout .error.timeout, .loading-now .loading { display: block }
.locale { margin-right: 1em }
"""
# A success is a 302 without a Location: the target is its body.
SCRIPT = """"use strict";
const page = document.body.dataset, form = document.getElementById("form") || document.getElementById("tokenLogin");
const texts = JSON.parse(decodeURIComponent(page.translations));
const cookie = document.cookie.split("; ").find(one => one.startsWith("locale="));
let locale = cookie ? cookie.slice(7) : page.defaultLocale;

const translate = () => {
  const text = key => (texts[locale] || {})[key] || key;
  for (const [name, member] of [["translate", "textContent"], ["translate-title", "title"]]) {
    for (const one of document.querySelectorAll(`[${name}]`)) one[member] = text(one.getAttribute(name));
  }
};

const show = state => { (document.getElementById("wrapper") || form).className = state; };

const send = async fields => {
  show("loading-now");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({...fields, locale}),
    });
    const text = await answer.text();
    if (answer.status === 302) return location.assign(page.prefix + text);
    const error = answer.status < 500 ? JSON.parse(text).error : "unknown";
    show(form.id === "form" && answer.status === 401 ? "incorrect"
      : ["invalid", "missing", "expired"].includes(error) ? error : "unknown");
  } catch {
    show(navigator.onLine ? "unknown" : "offline");
  }
};

for (const one of document.querySelectorAll(".locale")) one.addEventListener("click", event => {
  event.preventDefault();
  locale = one.name;
  translate();
});
document.getElementById("login-sso")?.addEventListener("click", async () => {
  location.assign(await (await fetch(`${page.prefix}/medic/login/oidc/authorize`)).text());
});
translate();
if (form.id === "tokenLogin") {
  send({});
} else {
  const box = document.getElementById("password-container");
  if (box) document.getElementById("password-toggle").addEventListener("click", () => {
    const shown = box.className === "shown-password";
    box.className = shown ? "hidden-password" : "shown-password";
    document.getElementById("password").type = shown ? "password" : "text";
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    const redirect = new URLSearchParams(location.search).get("redirect");
    send({...Object.fromEntries(new FormData(form)), ...(redirect ? {redirect} : {})});
  });
}
"""
NOTHING = '"use strict";\n'
BOWSER = """"use strict";
// On the real page this library tells browsers that are too old; ours takes every browser.
"""


def of_release(world: World, template: str) -> str:
    """A page in the version of the world's release."""
    if not releases.LOGIN_PAGES.holds(world):
        return template
    for old, new in (*LATER, *{LOGIN: LATER_LOGIN, TOKEN: LATER_TOKEN}.get(template, ())):
        template = template.replace(old, new, 1)
    return template


def page(world: World, call: Call, template: str, texts: Mapping[str, str], path: str) -> Reply:
    """A login page that posts to a path, in the languages of the installation."""
    indent, margin = ("  ", " " * 8) if template is LOGIN else ("", " " * 6)
    links = "".join(LOCALE.format(indent=margin + indent, margin=margin, code=html.escape(doc["code"]),
                                  name=html.escape(str(doc.get("name") or doc["code"])))
                    for doc in languages(world) if doc.get("enabled", doc["code"] in ENABLED))
    policy = documents.database(world, "medic").peek("privacy-policies")
    link = f'<a href="{html.escape(call.prefix)}/medic/privacy-policy" translate="privacy.policy"></a>'
    known = {doc["code"]: {key: text_of(doc, key, text) for key, text in texts.items()} for doc in languages(world)}
    text = of_release(world, template).format(
        indent=indent, prefix=html.escape(call.prefix), action=html.escape(call.prefix + path), logo=LOGO, eye=EYE,
        locale=html.escape(str(app_settings.read(world).get("locale") or "en")), locales=links,
        policy=link if policy else "",
        sso=SSO_BUTTON if releases.SSO.holds(world) and sso.enabled(world) else "",
        translations=quote(json_text.text(known), safe=rendering.COMPONENT).replace("'", "&#x27;"))
    return Reply(text, content_type="text/html; charset=utf-8")


def languages(world: World) -> list[Mapping[str, Any]]:
    """The documents of the languages, by their codes."""
    found = documents.database(world, "medic").by("by_type", "translations")
    return sorted((doc for doc in found if isinstance(doc.get("code"), str)), key=lambda doc: doc["code"])


def text_of(doc: Mapping[str, Any], key: str, ours: str) -> Any:
    """The text of a key in a language, or the key itself; in English ours."""
    for part in (doc.get("custom"), doc.get("generic")):
        if isinstance(part, dict) and part.get(key):
            return part[key]
    return ours if doc["code"] == "en" else key


@vendor.operation("GET", "/medic/login", name="login_page", anonymous=True, produces="text/html", proof="source",
                  source=SOURCE)
def login_page(world: World, call: Call) -> Any:
    """The login page."""
    reply = page(world, call, LOGIN, TEXTS, "/medic/login")
    reply.headers.append(preload(ASSETS if releases.FORCED_RESET.holds(world) else OLDER_ASSETS))
    return reply


def preload(names: tuple[str, ...]) -> tuple[str, str]:
    """The header that tells browsers which files to preload."""
    kinds = ((name, "style" if name.endswith(".css") else "script") for name in names)
    return "Link", ", ".join(f"</login/{name}>; rel=preload; as={kind}" for name, kind in kinds)


@vendor.operation("GET", "/login/style.css", name="login_style", anonymous=True, produces="text/css", proof="source",
                  source=STATIC)
def login_style(world: World, call: Call) -> Any:
    """The style sheet of the login page."""
    return file(call, STYLE, "text/css")


@vendor.operation("GET", "/login/script.js", name="login_script", anonymous=True,
                  produces=("application/javascript", "text/javascript"), proof="source", source=STATIC)
def login_script(world: World, call: Call) -> Any:
    """The script of the login page: it posts the form as JSON and goes where the answer says."""
    return file(call, SCRIPT, "application/javascript")


@vendor.operation("GET", "/login/lib-bowser.js", name="login_bowser", anonymous=True,
                  produces=("application/javascript", "text/javascript"), proof="source", source=STATIC)
def login_bowser(world: World, call: Call) -> Any:
    """In the place of a browser detection library of the real page; ours needs none."""
    return file(call, BOWSER, "application/javascript")


@vendor.operation("GET", "/login/auth-utils.js", "/login/password-reset.js", name="login_later_scripts", since="4.17",
                  anonymous=True, produces="text/javascript", proof="source", source=STATIC)
def login_later_scripts(world: World, call: Call) -> Any:
    """Scripts of the real pages that ours do not need."""
    return file(call, NOTHING, "application/javascript")
