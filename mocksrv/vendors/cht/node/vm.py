"""JavaScript of the app settings, as Node's `vm.runInNewContext` runs it: in an engine of its own, without a network.

It has a second and limited memory; clock and random numbers are those of the world.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.node import json_text, time_limits
from mocksrv.world import World

SECONDS = 1
MEMORY, STACK = 64 * 1024 * 1024, 512 * 1024  # bytes
UNDEFINED = object()
WORLDLY = """
(now, chance) => {
  const Real = Date, handler = {
    construct: (_target, given, made) => Reflect.construct(Real, given.length ? given : [now], made),
    apply: () => new Real(now).toString(),
    get: (target, name) => name === 'now' ? () => now : Reflect.get(target, name),
  };
  globalThis.Date = new Proxy(Real, handler);
  Math.random = () => (chance = (chance * 16807) % 2147483647) / 2147483647;
}
"""


class ScriptError(Exception):
    """The script threw, took too long or is not a script; the text is JavaScript's message."""


def run(world: World, script: str, doc: Any) -> Any:
    """What a script makes of `doc`, as JSON would hold it; `UNDEFINED` if it gives nothing. Raises ScriptError."""
    try:
        import quickjs  # type: ignore[import-untyped]
    except ImportError:
        raise ScriptError("to run this needs the package quickjs-ng") from None
    context = quickjs.Context()
    context.set_time_limit(SECONDS)
    context.set_memory_limit(MEMORY)
    context.set_max_stack_size(STACK)
    chance = world.random.randrange(1, 2**31 - 1) if "random" in script else 1
    try:
        with time_limits.counted():
            context.eval(WORLDLY)(world.clock.ms(), chance)
            context.set("doc", context.parse_json(json_text.text(doc)))
            evaluate = context.eval("script => JSON.stringify((0, eval)(script))")
            found = evaluate(script)
            return UNDEFINED if found is None else json_text.loads(found)
    except (quickjs.JSException, time_limits.Exhausted, ValueError, TypeError) as error:
        raise ScriptError(str(error).partition("\n")[0]) from None


def quoted(text: str) -> str:
    """A text as JavaScript writes it."""
    return json_text.text(text)
