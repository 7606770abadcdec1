"""A client that shows every byte: what libraries tidy up, the server's tests must see."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from mocksrv.serving.server import Server

PATIENCE = 20  # seconds until a test that would hang fails instead


@dataclass
class Answer:
    status_line: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.status_line.split()[1])

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) < 2, f"{name} came {len(found)} times"
        return found[0] if found else None


class RawClient:
    def __init__(self, server: Server, host: str = "127.0.0.1") -> None:
        self.sock = socket.create_connection((host, server.port), timeout=PATIENCE)
        self.file = self.sock.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.sock.close()

    def send(self, data: bytes | str) -> None:
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def request(self, line: str, *headers: str, body: bytes = b"", version: str = "1.1") -> None:
        if body:
            headers = (*headers, f"Content-Length: {len(body)}")
        lines = [f"{line} HTTP/{version}", "Host: mock.test", *headers, "", ""]
        self.send("\r\n".join(lines).encode("latin-1") + body)

    def head(self) -> Answer:
        """Status line and headers of the next answer."""
        lines = []
        while (line := self.file.readline()) not in (b"\r\n", b""):
            assert line.endswith(b"\r\n"), line
            lines.append(line[:-2].decode("latin-1"))
        assert lines, "the connection ended without an answer"
        pairs = [line.partition(": ") for line in lines[1:]]
        return Answer(lines[0], [(name, value) for name, _, value in pairs])

    def chunk(self) -> bytes:
        """The next chunk; b"" is the closing one."""
        size = int(self.file.readline(), 16)
        data = self.file.read(size)
        assert len(data) == size
        assert self.file.read(2) == b"\r\n"
        return data

    def answer(self, bodiless: bool = False) -> Answer:
        """The next answer, whole."""
        answer = self.head()
        if bodiless or answer.status in (204, 304):
            return answer
        if answer.header("Transfer-Encoding") == "chunked":
            while data := self.chunk():
                answer.chunks.append(data)
            answer.body = b"".join(answer.chunks)
        elif (length := answer.header("Content-Length")) is not None:
            answer.body = self.file.read(int(length))
            assert len(answer.body) == int(length)
        else:
            answer.body = self.file.read()
        return answer

    def ended(self) -> bool:
        """Nothing more comes and the server has closed in an orderly way."""
        return self.file.read() == b""
