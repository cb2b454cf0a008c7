"""The mailbox that tests of live servers read codes from."""

from django.core import mail
from django.core.mail.backends.filebased import EmailBackend

from tests.e2e.mailbox import Mailbox


def send(folder, address: str, code: str, name: str) -> None:
    backend = EmailBackend(file_path=str(folder))
    backend._fname = str(folder / name)
    backend.send_messages([mail.EmailMessage("Roomwire: your code", f"Hello\n\n    {code}\n", "us@x.org", [address])])


def test_mails_of_one_second_may_be_in_one_file(tmp_path):
    # Its name is the second and the address of an object in memory.
    mailbox = Mailbox(tmp_path)
    send(tmp_path, "ada@example.com", "11111111", "1.log")
    assert mailbox.code("ada@example.com", "your code") == "11111111"
    send(tmp_path, "bob@example.com", "22222222", "1.log")
    send(tmp_path, "ada@example.com", "33333333", "1.log")
    assert mailbox.code("ada@example.com", "your code") == "33333333"
    assert mailbox.code("bob@example.com", "your code") == "22222222"
