"""The signature of CareHQ's official client, for requests that the client itself would not send.

Nothing of mocksrv signs here: the text of a signature is put together as CareHQ's introduction describes it, its
arguments and its digest are the client's own.
"""

from urllib.parse import parse_qsl

from carehq.client import _canonical_params_str, _compute_signature

BYTES = {"encoding": "utf-8", "errors": "surrogateescape"}  # what is no UTF-8 is signed byte for byte


def arguments(encoded):
    """The values of form-encoded bytes under their names."""
    named = {}
    for name, value in parse_qsl(encoded.decode(**BYTES), keep_blank_values=True, **BYTES):
        named.setdefault(name, []).append(value)
    return named


def signature(secret, timestamp, nonce, method, path, encoded):
    """Of a request with these form-encoded arguments; `path` is decoded, and begins with `/v1/`."""
    text = "\n".join([timestamp, nonce, method, path, _canonical_params_str(arguments(encoded))])
    return _compute_signature(secret, text.encode(**BYTES))
