"""Sealing: what is stored reveals nothing of a text, and the key gives it back."""

import pytest
from cryptography.fernet import InvalidToken

from accounts import secret


@pytest.mark.parametrize("text", ["", "x", '{"a":"\\u0000"}', "猫" * 10_000])
def test_the_key_gives_the_text_back(text):
    assert secret.unseal(secret.seal(text, "key"), "key") == text


def test_no_two_are_alike_and_another_key_opens_nothing():
    text = "the same text, and long enough not to be met by chance"
    sealed = {secret.seal(text, key) for key in ("key", "key", "other")}
    assert len(sealed) == 3
    for each in sealed:
        assert text.encode() not in each
        with pytest.raises(InvalidToken):
            secret.unseal(each, "wrong")
