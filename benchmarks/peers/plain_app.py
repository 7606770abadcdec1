"""The same small WSGI app on one of several servers: python plain_app.py SERVER PORT."""

from __future__ import annotations

import sys

PAGE = b"[" + b",".join([b'{"id": "000000", "text": "' + b"x" * 480 + b'"}'] * 20) + b"]"
ONE = b'{"id": "000000", "text": "' + b"x" * 480 + b'"}'


def app(environ, start_response):
    body = PAGE if environ["PATH_INFO"] == "/page" else ONE
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def main() -> None:
    server, port = sys.argv[1], int(sys.argv[2])
    if server == "mocksrv":
        from mocksrv.serving.server import Server

        Server(app, port=port).run()
    elif server == "waitress":
        import waitress

        waitress.serve(app, host="127.0.0.1", port=port, threads=32)
    else:
        from cheroot.wsgi import Server as Cheroot

        Cheroot(("127.0.0.1", port), app, numthreads=32).start()


if __name__ == "__main__":
    main()
