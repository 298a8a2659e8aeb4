"""Certificates for the servers of these tests, made once."""

import pytest

from tests.delivery._servers import Certificate, certificate


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for localhost."""
    return certificate(tmp_path_factory.mktemp("tls") / "good", "localhost")


@pytest.fixture(scope="session")
def of_another(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for another host."""
    return certificate(tmp_path_factory.mktemp("tls") / "other", "mail.other.example")


@pytest.fixture(scope="session")
def run_out(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate whose time is over."""
    return certificate(tmp_path_factory.mktemp("tls") / "old", "localhost", -1)
