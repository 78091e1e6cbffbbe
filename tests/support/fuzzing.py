"""schemathesis on the API in this process: requests that the document allows and requests that it does not."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

from tests.support.managing import Managing

HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,20}(\.[a-z][a-z0-9]{0,20}){0,3}", fullmatch=True)
URLS = HOSTS.map(lambda host: f"https://127.0.0.1:9443/{host}")


def document(managing: Managing, names: dict[str, str]) -> Any:
    """The API's document, loaded; half of the time a path names what there is (`names`, by parameter)."""
    schemathesis.openapi.format("idn-hostname", HOSTS)
    schemathesis.openapi.format("uri", URLS)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", managing.app)

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        if not path_parameters:
            return path_parameters
        # By the drawn value itself, so that a failing case stays the same when it is replayed.
        return {
            name: names[name] if name in names and len(str(value)) % 4 else value
            for name, value in path_parameters.items()
        }

    return schema
