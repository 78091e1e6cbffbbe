"""How long the texts of a hit may be, whoever sends them: nothing that is taken can fail later for its length."""

MAX_APP_ID_LENGTH = 50
MAX_IDENTIFIER_LENGTHS = {"client_sub_id": 100, "module_id": 100, "session_id": 100, "event_name": 100}
"""Characters of texts that name something, by column: a longer one is refused, since a cut name is another name."""
MAX_DESCRIPTION_LENGTHS = {
    "url": 8192,
    "referrer": 8192,
    "user_agent": 2000,
    "screen_resolution": 20,
    "language": 10,
    "timezone": 50,
}
"""Characters of texts that describe, by column: a longer one is cut, since most of it is better than no hit."""
MAX_PARAMETER_KEY_LENGTH = 100
