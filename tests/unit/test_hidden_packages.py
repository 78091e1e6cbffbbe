import subprocess
import sys

import pytest

from tracker.hidden_packages import hidden


def test_a_hidden_package_is_imported_as_if_it_were_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with hidden("this"), pytest.raises(ModuleNotFoundError):
        import this  # noqa: F401
    assert "this" not in sys.modules


def test_it_is_seen_again_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with pytest.raises(ZeroDivisionError), hidden("this"):
        1 / 0  # noqa: B018
    assert "this" not in sys.modules


def test_what_is_loaded_already_stays() -> None:
    with hidden("json"):
        import json
    assert sys.modules["json"] is json


@pytest.mark.parametrize("absent", [(), ("_md5", "_sha1", "_sha2", "_sha256", "_sha3", "_sha512")])
def test_the_process_of_an_engine_does_without_openssl_or_without_other_hashes(absent: tuple[str, ...]) -> None:
    program = f"""
import runpy
import socket
import sys
sys.modules.update(dict.fromkeys({absent!r}))
other, link = socket.socketpair()
sys.argv[1:] = [str(link.detach()), "0"]
runpy.run_module("tracker.facts.engine_host", run_name="__main__")
print(int("_hashlib" in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(int(bool(absent))), "")


def test_who_imports_the_program_of_an_engine_makes_hashes_that_only_openssl_has() -> None:
    program = "import tracker.facts.engine_host, hashlib; hashlib.scrypt(b'', salt=b'', n=2, r=1, p=1)"
    subprocess.run([sys.executable, "-c", program], check=True)
