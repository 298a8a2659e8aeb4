"""The exception tree and the one table of exit codes.

An error that a user can mend is a `ZeekSmtpError`: its text names the thing and the remedy in one line, and its class
carries the exit code. Anything else that escapes is a bug and ends with `ExitCode.INTERNAL`.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller (cron, a shell, CI)."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    NO_INPUT = 3
    DEGRADED = 4
    UNUSABLE = 5
    FINDINGS = 10


class ZeekSmtpError(Exception):
    """Something the user can mend; the text says what and how."""

    exit_code = ExitCode.INTERNAL


class UsageError(ZeekSmtpError):
    """The command's words are off."""

    exit_code = ExitCode.USAGE


class NoInputError(ZeekSmtpError):
    """A path does not exist, or nothing under it is a Zeek log that can be used."""

    exit_code = ExitCode.NO_INPUT


class UnusableError(ZeekSmtpError):
    """Config, state or a needed program cannot be used, or another run holds the lock."""

    exit_code = ExitCode.UNUSABLE


class ConfigError(UnusableError):
    """The configuration cannot be used; the text names file, line and the nearest right key."""


class UnreadableFileError(ZeekSmtpError):
    """One input file cannot be read; the run goes on without it and ends degraded."""

    exit_code = ExitCode.DEGRADED


class DeliveryError(ZeekSmtpError):
    """A report may not have arrived; it goes again with the next pass. The text names the place and what it said."""

    exit_code = ExitCode.DEGRADED
