"""The forms of an application's page of settings, as a browser sends them."""

import html
import re
from collections.abc import Mapping

from tests.support.browsing import Browsing


def sent(
    owner: Browsing, changes: Mapping[str, str], *, path: str = "/dashboard/applications/shop/settings"
) -> dict[str, str]:
    """The form that holds the first of these settings, as the page shows it, with what is changed in it."""
    page, first = owner.get(path).text, next(iter(changes)).split(":")[1]
    [form] = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'name="was:{first}"' in form]
    fields = re.findall(r'<input type="hidden" name="(was:\w+)" value="([^"]*)"', form)
    fields += re.findall(r'<input id="[^"]*" name="(set:\w+)" value="([^"]*)"', form)
    fields += re.findall(r'<input type="checkbox" name="(set:\w+:\w+)"( checked)', form)
    fields += re.findall(r'<textarea[^>]* name="(set:\w+)"[^>]*>([^<]*)<', form)
    for name, options in re.findall(r'<select[^>]* name="(set:\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        fields += [(name, chosen) for chosen in re.findall(r'<option value="(\w+)" selected', options)]
    return {"action": "settings", **{name: html.unescape(value) for name, value in fields}, **changes}


def sent_of_application(
    browsing: Browsing, changes: Mapping[str, str], *, path: str = "/dashboard/applications/shop/settings"
) -> dict[str, str]:
    """The form of the application's name and what stands beside it, with what is changed in it."""
    return {**shown_of_application(browsing.get(path).text), **changes}


def shown_of_application(page: str) -> dict[str, str]:
    """What that form holds on a page."""
    [form] = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="was:name"' in form]
    fields = re.findall(r'<input[^>]* name="(\w+|was:\w+)" value="([^"]*)"', form)
    fields += re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)<', form)
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        fields += [(name, chosen) for chosen in re.findall(r'<option value="(\w+)" selected', options)]
    return {"action": "application", **{name: html.unescape(value) for name, value in fields if name != "once"}}
