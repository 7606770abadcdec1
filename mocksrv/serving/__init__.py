"""The HTTP server: sockets, HTTP/1.1, TLS, and the way of a request into WSGI."""
