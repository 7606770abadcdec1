"""CareHQ's refusals: a JSON object with `hint` and, for arguments, `arg_errors`.

That there are hints and argument errors is documented; their wording is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mocksrv.call import Refusal

FAILURES = {
    400: "One or more arguments are missing or invalid.",
    401: "The API credentials provided are not valid.",
    403: "This API key is not allowed to do this.",
    404: "No such endpoint.",
    405: "This method is not supported here.",
    429: "The limit of requests per second has been exceeded.",
}
UNEXPECTED = "An unexpected error occurred."

REQUIRED = "This field is required."
NOT_A_CHOICE = "Not a valid choice."
NOT_AN_INTEGER = "Not a valid integer value."
NOT_A_NUMBER = "Not a valid float value."
NOT_A_DATE = "Not a valid date value."
NOT_A_DATETIME = "Not a valid datetime value."
NOT_AN_EMAIL = "Invalid email address."
NOT_A_PHONE = "Not a valid phone number."
NOT_TEXT = "Not valid UTF-8 text."
NULL_CHARACTER = "Null characters are not allowed."
NOT_UNIQUE = "This value is already in use."
UNKNOWN = "Unknown argument."
REPEATED = "Only one value is allowed."
TOO_MANY = "Too many arguments: at most {limit} are allowed."
BETWEEN = "Number must be between {min} and {max}."
TOO_LONG = "Field cannot be longer than {max} characters."


def refused(status: int, hint: str, *, diagnosis: str | None = None,
            headers: Iterable[tuple[str, str]] = ()) -> Refusal:
    """A refusal with a hint alone."""
    return Refusal(status, {"hint": hint}, headers, diagnosis=diagnosis)


def bad_arguments(errors: Mapping[str, list[str]], advice: Iterable[str] = ()) -> Refusal:
    """The refusal of wrong arguments, by their names as sent; advice goes into the diagnosis."""
    named = "; ".join(f"{name[:80]}: {' '.join(texts)}" for name, texts in list(errors.items())[:8])
    more = f" (and {len(errors) - 8} more)" if len(errors) > 8 else ""
    return Refusal(400, {"arg_errors": dict(sorted(errors.items())), "hint": FAILURES[400]},
                   diagnosis="; ".join([f"refused arguments: {named}{more}", *advice]))


def no_such_record(slug: str, diagnosis: str) -> Refusal:
    return refused(404, f"No such record in {slug}.", diagnosis=diagnosis)


def failure(status: int) -> Refusal:
    """The error of a status, for faults."""
    return refused(status, FAILURES.get(status, UNEXPECTED))
