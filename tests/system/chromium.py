"""Debian's Chromium, without a window, driven through the Chrome DevTools Protocol."""

import asyncio
import base64
import itertools
import json
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from devtools.process import end, spawn
from tests.system.programs import require_program

# Of one wait: generous, because the tests also pass on a machine that is busy with something else.
DEADLINE = 60.0
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --hide-scrollbars"
    " --disable-background-networking --disable-component-update --disable-sync --remote-debugging-port=0"
)


class PageError(Exception):
    """JavaScript that the test ran in the page has failed, or the page has not become what the test waits for."""


class Chromium:
    """A browser with an empty profile and one page."""

    def __init__(self, folder: Path, *, width: int = 1280, height: int = 900) -> None:
        self.folder, self.log = folder, folder / "chromium.log"
        self.size = (width, height)
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> Self:
        profile = Path(tempfile.mkdtemp(prefix="profile-", dir=self.folder))
        command = [require_program("chromium"), *FLAGS.split(), f"--user-data-dir={profile}", "about:blank"]
        # Chromium writes to its home and warns without one.
        environment = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        with self.log.open("ab") as log:
            self.process = spawn(command, cwd=self.folder, env=environment, log=log)
        try:
            await self._attach(profile / "DevToolsActivePort")
        except BaseException:
            end(self.process, ())
            raise
        return self

    async def _attach(self, announced: Path) -> None:
        async with asyncio.timeout(DEADLINE):
            while not (lines := _lines(announced)):
                if self.process.poll() is not None:
                    raise PageError(f"Chromium did not start: see {self.log}")
                await asyncio.sleep(0.05)
        port, path = lines
        self.connection: ClientConnection = await connect(
            f"ws://127.0.0.1:{port}{path}", max_size=None, open_timeout=DEADLINE
        )
        self._reader = asyncio.create_task(self._read())
        self._session = ""
        target = await self.command("Target.createTarget", url="about:blank")
        attached = await self.command("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        await self.command("Page.enable")
        await self.command("Security.setIgnoreCertificateErrors", ignore=True)
        await self.resize(*self.size)

    async def __aexit__(self, *_: object) -> None:
        self._reader.cancel()
        await self.connection.close()
        end(self.process, [(signal.SIGTERM, 10)])

    async def _read(self) -> None:
        async for text in self.connection:
            answer = json.loads(text)
            waiting = self._answers.pop(answer.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    async def command(self, method: str, **parameters: Any) -> Any:
        """Send one command of the protocol and return its result. Raises PageError."""
        number = next(self._numbers)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        session = {"sessionId": self._session} if self._session else {}
        await self.connection.send(json.dumps({"id": number, "method": method, "params": parameters} | session))
        async with asyncio.timeout(DEADLINE):
            found = await answer
        if "error" in found:
            raise PageError(f"{method}: {found['error']}")
        return found["result"]

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, awaited if it is a promise. Raises PageError."""
        result = await self.command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in result:
            raise PageError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    async def wait_for(self, expression: str) -> Any:
        """Evaluate until the value is true, and return it. Raises PageError with the page's text after DEADLINE."""
        last: object = None
        try:
            async with asyncio.timeout(DEADLINE):
                while True:
                    try:
                        if value := await self.evaluate(expression):
                            return value
                    except PageError as error:  # between two pages there is nothing to evaluate in
                        last = error
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = await self.evaluate("location.href + '\\n' + document.body.innerText")
            raise PageError(f"never true: {expression} ({last}); the page is\n{text}") from None

    async def open(self, url: str) -> None:
        """Navigate and wait until the page has loaded."""
        await self.evaluate("window.leaving = true")
        result = await self.command("Page.navigate", url=url)
        if "errorText" in result:
            raise PageError(f"{url}: {result['errorText']}")
        await self._loaded()

    async def _loaded(self) -> None:
        """Wait for a complete page other than one that `click` has marked."""
        await self.wait_for("document.readyState === 'complete' && !window.leaving")

    async def fill(self, fields: Mapping[str, str]) -> None:
        """Type into the inputs, or choose in the selects, with these names."""
        for name, value in fields.items():
            selector = json.dumps(f'[name="{name}"]')
            change = "field.dispatchEvent(new Event('change', {bubbles: true}))"
            await self.evaluate(
                f"(field => {{ field.value = {json.dumps(value)}; {change} }})(document.querySelector({selector}))"
            )

    async def click(self, selector: str) -> None:
        """Click on something that leads to another page, and wait until that has loaded."""
        found = json.dumps(selector)
        await self.wait_for(f"document.querySelector({found}) !== null")
        await self.evaluate(f"(window.leaving = true, document.querySelector({found}).click())")
        await self._loaded()

    async def tick(self, selector: str) -> None:
        """Click on something that stays on this page."""
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    async def text(self) -> str:
        return str(await self.evaluate("document.body.innerText"))

    async def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Change the size of the page, and whether its user prefers dark colours."""
        mobile = width < 600
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.command("Emulation.setEmulatedMedia", features=[scheme])

    async def screenshot(self, path: Path) -> None:
        """Store a picture (PNG) of the whole page."""
        picture = await self.command("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))  # noqa: ASYNC240 - a test's own small file


def _lines(announced: Path) -> list[str]:
    """Return the port and the path that Chromium has written, or nothing while it has not written both."""
    lines = announced.read_text().split("\n") if announced.exists() else []
    return lines if len(lines) == 2 else []
