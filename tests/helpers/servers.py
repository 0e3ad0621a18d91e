"""A web server on this machine that serves files well or badly."""

import contextlib
import hashlib
import http.server
import threading
import time


@contextlib.contextmanager
def running(content):
    """Yield a Server of the files `content`, name -> bytes."""
    server = Server(content)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield server
    server.shutdown()
    server.server_close()


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` under /good/ (with ranges) and worse under other folders."""

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.asked = []  # (folder, file, Range header)

    def address(self, folder):
        return f"http://127.0.0.1:{self.server_port}/{folder}/"

    @property
    def md5(self):
        return [(name, hashlib.md5(content).hexdigest()) for name, content in self.content.items()]


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def log_message(self, *_):
        pass

    def do_GET(self):
        _, folder, name = self.path.split("/")
        server = self.server
        span = self.headers["Range"]
        server.asked.append((folder, name, span))
        content = server.content[name]
        if folder == "absent":
            self.send_error(404)
            return
        if folder == "silent":
            time.sleep(3)
            return
        if folder == "corrupt":
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        if start >= len(content) and folder != "rangeless":
            self.send_error(416)
            return
        if folder == "rangeless":
            span, start = None, 0
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        # "broken" hangs up after a third of what is left, "short" after the headers.
        rest = content[start:]
        self.wfile.write({"broken": rest[: len(rest) // 3 + 1], "short": b""}.get(folder, rest))
