"""A mail server of our own, that says what it is told to."""

import socketserver
import threading
from collections import Counter
from contextlib import contextmanager


class _Handler(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode():
            verb = line.split()[0].upper()
            self.server.asked[verb] += 1
            if verb == "DATA":
                self._say("354 go on")
                self._receive()
            elif verb == "RCPT":
                self._say(self.server.recipients.pop(0) if self.server.recipients else "250 yes")
            else:
                self._say("221 bye" if verb == "QUIT" else "250 yes")

    def _receive(self) -> None:
        lines: list[str] = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line)
        self.server.mails.append("\n".join(lines))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    """`recipients` are its next answers to whom a mail is for; then it takes all."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int, recipients: list[str]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.recipients = recipients
        self.asked: Counter[str] = Counter()
        self.mails: list[str] = []


@contextmanager
def listening(port: int, *recipients: str):
    with MailServer(port, list(recipients)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
