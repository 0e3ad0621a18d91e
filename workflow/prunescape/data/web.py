"""Download files and verify their checksums; a broken download resumes where it stopped.

The workflow imports this module when it is parsed, so it needs the standard library only.
"""

import hashlib
import http.client
import queue
import threading
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath

# An answer must begin within ANSWER seconds, so that a closed network costs little time; data may
# pause for STALL seconds, so that a slow network works.
ANSWER, STALL = 5, 15
ATTEMPTS = 5


def digest(path: Path, algorithm: str) -> str | None:
    """Return the file's checksum as hexadecimal digits; None if there is no file."""
    if not path.exists():
        return None
    with path.open("rb") as opened:
        return hashlib.file_digest(
            opened, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def download(url: str, part: Path, checksum: str, algorithm: str = "md5") -> None:
    """Download `url` to `part`, resuming after the bytes that an earlier attempt left there.

    Args:
        url: the address.
        part: the file to write; its folder is there.
        checksum: hexadecimal digits, the first ones or all.
        algorithm: md5 or sha256, of which the checksum is.

    Raises:
        OSError: if the address can't be reached, or broke off ATTEMPTS times; `part` stays.
        http.client.HTTPException: if the answer isn't HTTP.
        ValueError: if the whole file has another checksum; `part` is removed.
    """

    def is_whole() -> bool:
        found = digest(part, algorithm)
        return found is not None and found.startswith(checksum)

    for _ in range(ATTEMPTS):
        if is_whole():
            return
        before = part.stat().st_size if part.exists() else 0
        try:
            _append(url, part, before)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not before:
                raise
            part.unlink()  # It is longer than the file, so it can't be its beginning.
        except (OSError, http.client.HTTPException):
            if not part.exists() or part.stat().st_size <= before:
                raise  # Nothing came, so another attempt would fail too.
        else:
            if is_whole():
                return
            part.unlink()
            if not before:
                name = PurePosixPath(url).name
                raise ValueError(f"{name} has not the {algorithm.upper()} {checksum}")
    raise ConnectionError(f"{PurePosixPath(url).name} broke off {ATTEMPTS} times")


def _append(url: str, part: Path, size: int) -> None:
    """Append the rest of `url` to `part`, which has `size` bytes; restart if the server can't."""
    headers = {"Range": f"bytes={size}-"} if size else {}
    with _open(urllib.request.Request(url, headers=headers)) as response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        announced = response.headers.get("Content-Length")
        received = 0
        with part.open("ab" if resumed else "wb") as opened:
            while block := response.read(1 << 16):
                opened.write(block)
                received += len(block)
    if announced is not None and received != int(announced):
        raise ConnectionError(f"broke off after {received} of {announced} bytes")


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    """Return the response to `request`; OSError if it doesn't begin within ANSWER seconds.

    urllib's timeout can't ensure this: it starts again for every address of a host, and excludes
    the look-up of the host's name.
    """
    answers: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(request, timeout=STALL))
        except (OSError, http.client.HTTPException) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER)
    except queue.Empty:
        raise TimeoutError(f"no answer within {ANSWER} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
