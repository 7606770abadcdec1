"""A small service on this machine that takes what others push to it, as OpenFn would; it answers as a test says."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Receiver:
    """Everything that came, in order, as (method, path, headers, body); `answers` are given one after another, then
    200. An answer is a status, or a status with a body, or a function that gets the request and gives one."""

    def __init__(self):
        self.got, self.answers = [], []
        self.came = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                with receiver.came:
                    receiver.got.append((self.command, self.path, dict(self.headers.items()), body))
                    answer = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.came.notify_all()
                if callable(answer):
                    answer = answer(receiver.got[-1])
                status, text = answer if isinstance(answer, tuple) else (answer, "")
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = do_DELETE = do

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def host(self):
        return urlsplit(self.url).netloc

    def wait(self, count=1, seconds=30):
        """The first so many requests, when they have come."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.got) >= count, seconds), f"{len(self.got)} of {count} came"
        return self.got[:count]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
