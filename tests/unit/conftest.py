from pytest_socket import disable_socket


def pytest_runtest_setup() -> None:
    """Unit tests open no socket of any kind; `pytest_socket` takes that back after each."""
    disable_socket()
