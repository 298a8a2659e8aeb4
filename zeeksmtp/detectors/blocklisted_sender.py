"""Other mail servers reject one of the site's hosts, citing a DNS blocklist.

What it sees: replies with a 4xx or 5xx code to a client of the site that name a DNS blocklist or speak of the client
being blocked or listed, or of its reputation: greetings and last replies (table `session`), replies to commands (table
`command`) and to mails (table `message`). Replies about listed links in the mail (SURBL, URIBL) say nothing of the
host. One finding per client; `count` is the number of sessions with such a reply.

Why it matters: a blocklist has seen mail from this address that nobody wanted. It is the verdict of others, and it
hits everyone who sends through that host.

Benign causes: an address block with a bad past; a dynamic address (Spamhaus PBL); a forwarder that passes other
people's spam on.

What to do: find what the host sent (`new-direct-sender`, `mass-mailing`, `account-abuse`), stop that, and only then ask
for removal from the list that the reply names.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._rejections import rejected_as_findings
from zeeksmtp.model import Advice, Confidence, Context, Detector, Params, Severity, Tables

# Names of lists that answer today, and the words that receivers use. Zeek's own list (policy/protocols/smtp/
# blocklists.zeek) names several that are closed.
_LISTED = (
    r"(?i)spamhaus|spamcop|barracuda(?:central|networks)?|uceprotect|abuseat|\bpsbl\b|mailspike|sorbs|senderscore|"
    r"invaluement|surriel|truncate\.gbudb|backscatterer|proofpoint\.com|cloudmark|\bS3140\b|\bS3150\b|\[TSS\d+\]|"
    r"\b(?:dnsbl|rbl)\b|block ?list|black ?list|blocked using|banned|\(BL\)|"
    r"(?:is|been|are) (?:\w+ )?(?:blocked|listed)|listed (?:in|on|at|by)|"
    r"(?:poor|bad|low|ip|sender|server) reputation|reputation of"
)
_ABOUT_CONTENT = r"(?i)surbl|uribl|dbl\.spamhaus|\burls?\b|\blinks?\b"


class BlocklistedParams(Params):
    """No parameters: one such reply is enough."""


def _cites_blocklist(text: pl.Expr) -> pl.Expr:
    return text.str.contains(_LISTED) & ~text.str.contains(_ABOUT_CONTENT)


def plan(tables: Tables, _params: BlocklistedParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client of the site."""
    return rejected_as_findings(tables, _cites_blocklist, Severity.HIGH, Confidence.HIGH, context)


DETECTOR = Detector(
    id="blocklisted-sender",
    title="Blocklisted sender: {clients}",
    summary="{receivers:server} rejected {sessions:session} from {clients}, citing a DNS blocklist.",
    actions=(
        Advice("Find out what {clients} sent, and stop it."),
        Advice("Then request the removal of {clients} from the blocklist that the replies name."),
    ),
    attack=("T1071.003",),
    needs=("session", "command", "message"),
    required_logs=("smtp|smtp_session|smtp_cmd",),
    params=BlocklistedParams,
    plan=plan,
    stage="abuse",
    technique="Outbound spam",
    symptom=True,
)
