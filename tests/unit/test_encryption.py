import base64

import pytest

from tracker.encryption import SecretBox, check_secret, new_secret
from tracker.errors import SettingsInvalid

KEY = "a key of sixteen characters or more"


def test_a_secret_comes_back_as_it_was_and_fits_its_column() -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(64))).decode()
    encrypted = SecretBox(KEY).encrypt(secret)
    assert SecretBox(KEY).decrypt(encrypted) == secret
    assert secret not in encrypted
    assert len(encrypted) <= 204
    assert encrypted != SecretBox(KEY).encrypt(secret)


def test_a_new_secret_is_random_and_one_of_standard_webhooks() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.b64decode(check_secret(secret).removeprefix("whsec_"))) for secret in made} == {32}


@pytest.mark.parametrize("key", [None, "short"])
def test_without_a_key_nothing_is_encrypted_and_the_error_says_what_to_do(key: str | None) -> None:
    secret_box = SecretBox(key)
    with pytest.raises(SettingsInvalid, match=r"TRACKER_SECRET_KEY (is not set|has 5 characters): .*openssl rand"):
        secret_box.encrypt(new_secret())
    with pytest.raises(SettingsInvalid, match="TRACKER_SECRET_KEY"):
        secret_box.decrypt("whatever")


@pytest.mark.parametrize(
    "encrypted", [SecretBox("another key, just as long").encrypt(new_secret()), "", "not a token", "é"]
)
def test_what_another_key_encrypted_is_an_error_that_names_both_ways_out(encrypted: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"set that key again, .*webhooks rotate"):
        SecretBox(KEY).decrypt(encrypted)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "secret",
        base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_" + base64.urlsafe_b64encode(b"\xff" * 33).decode(),
        "whsec_" + "A" * 41,
        "whsec_" + "é" * 40,
        "whsec_ " + base64.b64encode(bytes(32)).decode(),
        "WHSEC_" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_a_secret_that_standard_webhooks_would_not_take_is_refused_without_being_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match="It needs whsec_ and 24 to 64 random bytes") as error:
        check_secret(secret)
    assert not secret or secret not in str(error.value) or secret == "whsec_"
