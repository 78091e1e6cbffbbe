"""How a page is put together: template, language, and headers that let it load nothing from elsewhere."""

import re
import secrets
from collections.abc import Generator, Mapping
from functools import cache, partial
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from flask import Response, current_app, g, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.meta import find_referenced_templates
from werkzeug.exceptions import HTTPException

from tracker import __version__
from tracker.dashboard import formats, once, sentences
from tracker.dashboard.asking import Questions, asked
from tracker.dashboard.breaks import breakable, cut_in_middle
from tracker.dashboard.files import path_of
from tracker.dashboard.services import current_services
from tracker.dashboard.wording import LANGUAGES, Words, language
from tracker.domains import readable_host
from tracker.errors import Refused
from tracker.web.request_headers import forwarded_prefix

PATH: Final = "/dashboard"
"""Where the dashboard is mounted; `home` is where a browser finds it."""
_TEMPLATES: Final = Path(__file__).parent / "templates"
TRAFFIC_PAGE: Final = "application.html"
_INDENTATION: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_HTML: Final = "text/html; charset=utf-8"
_NO_FRAME: Final = "frame-ancestors 'none'"
_SCRIPT_POLICY: Final = "; script-src 'self'; connect-src 'self'"
_SENT: Final = secrets.token_urlsafe()
"""What a template says where a piece of it ends; it is in no text."""
HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; {_NO_FRAME}"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Cookie, Accept-Language, Sec-Fetch-Dest",
}


def page(
    template: str,
    *,
    status: int = HTTPStatus.OK,
    script: bool = False,
    **values: Any,  # noqa: ANN401 what templates show
) -> Response:
    """Return the page that a template makes of `values`, in the reader's language.

    With `script` it loads `files/dashboard.js`, without which it works as well, and nothing else.
    """
    text, words = _rendered(template, script=script, **values)
    return Response(text, status, _headers(words, script=script), content_type=_HTML)


def streamed(
    template: str,
    questions: Questions,
    *,
    status: int = HTTPStatus.OK,
    script: bool = False,
    **values: Any,  # noqa: ANN401 what templates show
) -> Response:
    """Return a page that is sent in pieces: up to each `{{ sent }}` of its template as soon as that is made.

    Its `answer(name)` waits for the answer to one of the questions, which are all asked at the beginning. The first
    piece is made here, so that what goes wrong with it is a page of its own, and what a request says is known in it
    alone.
    """
    words = Words(language())
    pieces = _pieces(template, questions, {**_usual(words), "script": script, **values})
    begun = next(pieces)
    headers = _headers(words, script=script)
    # A proxy of nginx's kind would hold the pieces back until there are many.
    headers["X-Accel-Buffering"] = "no"
    answer = Response(chain([begun], pieces), status, headers, content_type=_HTML)
    answer.call_on_close(pieces.close)
    return answer


def _pieces(template: str, questions: Questions, values: Mapping[str, Any]) -> Generator[bytes]:
    with asked(questions) as answer:
        texts: list[str] = []
        for text in _environment().get_template(template).generate(**values, answer=answer, sent=_SENT):
            if text == _SENT:
                yield "".join(texts).encode()
                texts.clear()
            else:
                texts.append(text)
        yield "".join(texts).encode()


def fragment(template: str, *, mark: str | None = None, **values: Any) -> Response:  # noqa: ANN401 what templates show
    """Return a part of a page, with an ETag by which who asks for it again learns that it is as it was.

    With a `mark`, by which alone the part differs from one time to the next, it is made once for all who are to see it.
    """
    headers = _headers(Words(language()))
    if mark is not None and request.if_none_match.contains(mark):
        answer = Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        answer.set_etag(mark)
        return answer
    if mark is not None:
        # Whether it is what the browser has is answered: to have werkzeug ask once more costs a tenth of a look.
        made = current_services().made_parts.get(mark, lambda: _rendered(template, script=False, **values)[0])
        answer = Response(made, headers=headers, content_type=_HTML)
        answer.set_etag(mark)
        return answer
    answer = Response(_rendered(template, script=False, **values)[0], headers=headers, content_type=_HTML)
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _headers(words: Words, *, script: bool = False) -> dict[str, str]:
    """Return the headers of a page; a shared one may be framed by pages of the origins that its link names."""
    headers = {**HEADERS, "Content-Language": words.language}
    if script:
        headers["Content-Security-Policy"] += _SCRIPT_POLICY
    reader = g.get("viewer")
    if reader is not None and reader.share is not None and reader.share.frame_origins:
        named = " ".join(reader.share.frame_origins)
        policy = headers["Content-Security-Policy"]
        headers["Content-Security-Policy"] = policy.replace(_NO_FRAME, f"frame-ancestors {named}")
    return headers


def _rendered(template: str, **values: Any) -> tuple[str, Words]:  # noqa: ANN401 as above
    words = Words(language())
    return _environment().get_template(template).render({**_usual(words), **values}), words


def _usual(words: Words) -> dict[str, Any]:
    """Return what every template is given."""
    days = formats.Days(words)
    return {
        "t": words,
        "lang": words.language,
        "languages": LANGUAGES,
        "version": __version__,
        "here": _readable_here(),
        "root": home(),
        "viewer": g.get("viewer"),
        "once": once.field(),
        "entered": partial(_entered, _Fields(g.get("entered", {}))),
        # In a frame on another page there is no cookie to remember a language, and that page has a head of its own.
        "is_framed": request.headers.get("Sec-Fetch-Dest") == "iframe",
        "address": address,
        "file": lambda name: home() + path_of(name),
        "number": formats.number,
        "share": formats.share,
        "duration": partial(formats.duration, words),
        "host": formats.host_of,
        "readable": readable_host,
        "moment": days.moment,
        "month": days.month,
        "said": lambda text: sentences.shown(text or "", words.language),
    }


class _Fields(dict[str, str]):
    """The fields of a form, None for one that it has not."""

    def __missing__(self, name: str) -> None:
        return None


def _entered(fields: _Fields, action: str) -> _Fields:
    """Return what was entered into the form of this action, where it was refused; otherwise nothing."""
    return fields if fields["action"] == action else _Fields()


def error_page(refused: Refused, *, reason: str | None = None) -> Response:
    """Return what went wrong, and what to do, in the reader's language.

    `reason`, in English, is for those who can do more about it.
    """
    back = _application(refused)
    answer = page("error.html", status=refused.status, refused=refused, reason=reason, application_home=back)
    if refused.retry_after is not None:
        answer.headers["Retry-After"] = str(refused.retry_after)
    return answer


def _application(refused: Refused) -> str | None:
    """Return the page of the application in which something went wrong; None where there is none."""
    app_id = (request.view_args or {}).get("app_id")
    is_there = "share_token" in g or ("viewer" in g and refused.status != HTTPStatus.NOT_FOUND)
    return address(app_id) if app_id and is_there else None


def home() -> str:
    """Return where a browser finds the dashboard: below the sub-path that a proxy has taken off, if it has."""
    if "home" not in g:
        g.home = forwarded_prefix(request.environ, current_services().proxies) + PATH
    return str(g.home)


def here() -> str:
    """Return the address of this page, with its query."""
    return home() + request.full_path.rstrip("?").removeprefix(PATH)


def _readable_here() -> str:
    """Return the address of this page; of an answer to a form, the page on which it stands, else the dashboard."""
    if request.method == "GET":
        return here()
    try:
        endpoint = current_app.create_url_adapter(request).match(method="GET")[0]  # type: ignore[union-attr]
    except HTTPException:
        return home()
    return home() if endpoint == "dashboard.nothing" else here()


def address(app_id: str) -> str:
    """Return where the page of an application stands, for whoever is reading."""
    if "share_token" in g:
        return f"{home()}/share/{g.share_token}"
    return f"{home()}/applications/{quote(app_id, safe='')}"


def compile_traffic_page() -> None:
    """Compile the templates of the traffic page, the largest: processes forked from now on share them.

    Compiling takes a sixth of a second of CPU, for which the first reader of each process would wait.
    """
    environment, wanted = _environment(), [TRAFFIC_PAGE]
    for name in wanted:
        environment.get_template(name)
        source = (_TEMPLATES / name).read_text(encoding="utf-8")
        referenced = find_referenced_templates(environment.parse(source))
        wanted += [one for one in referenced if one is not None and one not in wanted]


class _WithoutIndentation(Extension):
    """Takes the indentation of templates out of pages: it is for who reads the code, not for each visitor."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 Jinja's
        return _INDENTATION.sub("", source)


@cache
def _environment() -> Environment:
    environment = Environment(
        extensions=[_WithoutIndentation],
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"breakable": breakable, "cut_in_middle": cut_in_middle}
    return environment
