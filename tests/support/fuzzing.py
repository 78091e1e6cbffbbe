"""schemathesis on the API in this process: requests that the document allows and requests that it does not."""

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from tests.support.managing import Managing

__all__ = ["BEYOND_THE_DOCUMENT", "BOTH_WAYS", "SENT_AS_DRAWN", "FailureGroup", "document", "negative_data_rejection"]

BOTH_WAYS = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
BEYOND_THE_DOCUMENT = [
    # Who may, the tests of tenancy say; here the header of the operator is always sent.
    ignored_auth,
    # A document cannot say all: what is a cursor, that a time lies ahead, that a default fits the rules beside it.
    positive_data_acceptance,
]
SENT_AS_DRAWN = (ParameterLocation.QUERY, ParameterLocation.BODY)
"""Where what the document forbids is surely sent: paths get names that there are, and the header is the operator's."""
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
