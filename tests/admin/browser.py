"""A browser as the admin's pages see one: cookies, forms, and nothing that a page didn't say."""

import re
from html import unescape

import httpx

from tests.client import DEADLINE


class Browser(httpx.AsyncClient):
    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, timeout=DEADLINE, follow_redirects=True)

    async def submit(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """Open a page and post its form: with the hidden token that it has, as from this site."""
        page = await self.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token, page.text
        return await self.post(page.url, data={"csrfmiddlewaretoken": token[1], **fields})

    async def log_in(self, username: str, password: str) -> httpx.Response:
        return await self.submit("/admin/login/?next=/admin/", username=username, password=password)


def is_in(page: httpx.Response) -> bool:
    return "Log out" in page.text


def errors(page: httpx.Response) -> str:
    found = re.search(r'class="errornote">(.*?)</p>', page.text, re.DOTALL)
    return unescape(found[1]).strip() if found else ""
