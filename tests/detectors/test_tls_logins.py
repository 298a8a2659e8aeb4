"""Sessions inside TLS without mail, by the client's bytes, in sessions recorded with real servers and clients."""

import polars as pl
import pytest

from zeeksmtp.detectors._hidden_logins import TLS_FAILED_BYTES

MIN_MESSAGE_BYTES = 200
MIN_PRECISION = 0.95


@pytest.fixture(scope="module")
def recorded() -> pl.DataFrame:
    sessions = pl.read_csv("fixtures/tls_logins.csv")
    realistic = (pl.col("recipients") == 0) | (pl.col("message_bytes") >= MIN_MESSAGE_BYTES)
    return sessions.filter(realistic).with_columns(short=pl.col("orig_bytes") < TLS_FAILED_BYTES)


def test_every_failed_login_is_short(recorded: pl.DataFrame) -> None:
    assert recorded.filter(pl.col("outcome") == "failure").get_column("short").all()


@pytest.mark.parametrize("group", ["server", "client", "tls_version", "mechanism"])
def test_short_sessions_carry_no_mail_whatever_server_client_version_or_mechanism(
    recorded: pl.DataFrame, group: str
) -> None:
    precision = recorded.filter("short").group_by(group).agg((pl.col("recipients") == 0).mean().alias("precision"))
    assert precision.height == recorded.get_column(group).n_unique()
    assert precision.filter(pl.col("precision") < MIN_PRECISION).is_empty(), precision


def test_records_of_the_client_separate_sessions_with_and_without_mail() -> None:
    """Seven application data records and more are a mail, six and fewer none; no log has them yet."""
    sessions = pl.read_csv("fixtures/tls_logins.csv")
    with_mail = pl.col("recipients") > 0
    assert sessions.filter(with_mail).get_column("client_records").min() == 7
    assert sessions.filter(~with_mail).get_column("client_records").max() == 6
