"""The tables of the state, as they are in the newest version of the schema. Times are UTC, as ISO 8601 text."""

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

METADATA = MetaData()

ABOUT = Table(
    "about",
    METADATA,
    Column("name", String, primary_key=True),  # salt, judged_with, judged: the last pass that judged
    Column("value", String, nullable=False),
)

PASS = Table(
    "pass",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ended", String, nullable=False),
    Column("files", Integer, nullable=False),  # of which lines were taken
    Column("kept", Integer, nullable=False),  # rows
    Column("errors", String, nullable=False),  # JSON: what made it degraded
)

FILE = Table(
    "file",
    METADATA,
    Column("path", LargeBinary, primary_key=True),  # a file name is bytes, not always UTF-8
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("log", String),  # what its content was taken for; null: none that is read
    Column("format", String),
    Column("why", String),  # of a file that is not used
    Column("sniffed", Boolean, nullable=False),  # its content said what it is, not its neighbours
    Column("content", Integer),
)

CONTENT = Table(
    "content",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("size", Integer, nullable=False),  # bytes, unpacked, up to the end of the last line taken
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

TAKING = Table(
    "taking",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("place", LargeBinary, nullable=False),  # path without the suffix of a compression
    Column("log", String, nullable=False),
    Column("kept", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("part", String),  # the live part that its rows are in
)
Index("taking_place", TAKING.c.place)
Index("taking_part", TAKING.c.log, TAKING.c.part)

FINDING = Table(
    "finding",
    METADATA,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),  # new and ongoing: in `last_pass`, and quiet since
    Column("first_pass", Integer, nullable=False),
    Column("last_pass", Integer, nullable=False),  # the last one that changed it, or had it, if none has it now
    Column("seen_count", Integer, nullable=False),  # of the evidence in the lake, which may have aged since
    Column("body", String, nullable=False),  # JSON: the finding, as it was told; its state is the column's
    Column("severity", String, nullable=False),  # the worst that was told
    Column("reason", String),  # of the acknowledgement
    Column("acknowledged", String),
    Column("made_of", Integer),  # hash of the detector's row; null: the last pass did not have it
    Column("first", String),  # this and what follows as in the body, which takes the longer to read
    Column("last", String),
    Column("count", Integer),
)
Index("finding_made_of", FINDING.c.id, FINDING.c.made_of)

SUPPRESSION = Table(
    "suppression",
    METADATA,
    Column("finding", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("expires", String),  # first day (UTC) on which it no longer holds
    Column("made", String, nullable=False),
)

HIDDEN = Table(
    "hidden",
    METADATA,
    Column("made_of", Integer, primary_key=True),  # hash of a row that the last pass had, and suppressed
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("parcel", String, nullable=False, unique=True),
    Column("subject", String, nullable=False),
    Column("report", String),  # JSON; null once it has gone everywhere
    Column("carriers", String, nullable=False),  # JSON: those that still have to take it
    Column("attempts", Integer, nullable=False),
    Column("error", String),
)
