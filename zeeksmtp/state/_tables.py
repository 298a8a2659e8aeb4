"""The tables of the state file. Times are UTC, as ISO 8601 text."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

SCHEMA_VERSION = 4
"""SQLite's `user_version` of a state file with these tables."""

METADATA = MetaData()

META = Table(
    "meta",
    METADATA,
    Column("name", String, primary_key=True),  # salt, settings_digest, first_report, sessions, rejected_rows, seal
    Column("value", String, nullable=False),
)

PASS = Table(
    "pass",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ended", String, nullable=False),
    Column("files", Integer, nullable=False),  # files with new lines
    Column("rows", Integer, nullable=False),  # rows added to the lake
    Column("errors", String, nullable=False),  # JSON: what made the pass degraded
)

FILE = Table(
    "file",
    METADATA,
    Column("path", LargeBinary, primary_key=True),  # a file name is bytes, not always UTF-8
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("log", String),  # detected log; null: none that is used
    Column("format", String),
    Column("why", String),  # why a file is not used
    Column("sniffed", Boolean, nullable=False),  # detected by content, not by its neighbours
    Column("content", Integer),
)

CONTENT = Table(
    "content",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("size", Integer, nullable=False),  # bytes, unpacked, up to the end of the last ingested line
    Column("lines", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    UniqueConstraint("size", "lines", "fingerprint"),
)

PART = Table(
    "part",
    METADATA,
    Column("log", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("first", String, nullable=False),
    Column("last", String, nullable=False),
)

INGEST = Table(
    "ingest",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("place", LargeBinary, nullable=False),  # path without the suffix of a compression
    Column("log", String, nullable=False),
    Column("kept", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("part", String),  # the live part with its rows
)
Index("ingest_place", INGEST.c.place)
Index("ingest_part", INGEST.c.log, INGEST.c.part)

FINDING = Table(
    "finding",
    METADATA,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("first_pass", Integer, nullable=False),
    Column("last_pass", Integer, nullable=False),  # the last one that found it
    Column("seen_count", Integer, nullable=False),  # of the evidence in the lake, which may have expired since
    Column("reported", Boolean, nullable=False),  # false: it waits, as new, for the next report
    Column("severity", String, nullable=False),  # the worst so far; at an acknowledgement, that of then
    Column("reason", String),  # of the acknowledgement
    Column("acknowledged", String),
    Column("body", String, nullable=False),  # JSON: the finding; its state is the column's
)

INCIDENT = Table(
    "incident",
    METADATA,
    Column("id", String, primary_key=True),
    Column("last_pass", Integer, nullable=False),
    Column("body", String, nullable=False),  # JSON: the incident as last found; its state follows from its findings
)

SUPPRESSION = Table(
    "suppression",
    METADATA,
    Column("finding", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("expires", String),  # first day (UTC) on which it no longer holds
    Column("created", String, nullable=False),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("envelope", String, nullable=False, unique=True),
    Column("subject", String, nullable=False),
    Column("report", String),  # JSON; null once every transport has accepted it
    Column("transports", String, nullable=False),  # JSON: those that still have to accept it
    Column("attempts", Integer, nullable=False),
    Column("error", String),
)
