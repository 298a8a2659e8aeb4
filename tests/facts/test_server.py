"""Guards the posture: what a server showed, and null where nobody could see."""

from tests.facts.tables import CONNECTION, LINE, fact


def test_flags_are_null_where_commands_were_not_visible() -> None:
    (row,) = fact("server", conn=[CONNECTION | {"conn_state": "SF", "service": "smtp"}])
    flags = ("starttls_offered", "auth_offered_in_clear", "answers_vrfy", "answers_expn")
    assert [row[name] for name in flags] == [None] * 4
    assert (row["sessions"], row["tls_sessions"]) == (1, 0)


def test_flags_are_false_where_it_was_seen_that_they_are_not() -> None:
    vrfy = LINE | {"ts": "1s", "command": "VRFY", "arg": "a", "reply_code": 502, "seq": 1}
    session = LINE | {"starttls_offered": False, "banner": "5.7.1 mx.corp.example ESMTP"}
    (row,) = fact("server", smtp_session=[session], smtp_cmd=[vrfy])
    assert (row["starttls_offered"], row["auth_offered_in_clear"], row["answers_vrfy"]) == (False, False, False)
    assert row["answers_expn"] is None
    assert row["host_name"] == "mx.corp.example"


def test_one_offer_in_clear_is_enough() -> None:
    sessions = [
        LINE | {"uid": "C1", "mechanisms_offered": None},
        LINE | {"uid": "C2", "client_port": 2, "mechanisms_offered": ["CRAM-MD5", "LOGIN"], "starttls_offered": True},
    ]
    (row,) = fact("server", smtp_session=sessions)
    assert (row["auth_offered_in_clear"], row["starttls_offered"]) == (True, True)


def test_a_name_that_is_confirmed_or_denied_is_an_answer() -> None:
    vrfy = LINE | {"ts": "1s", "command": "VRFY", "arg": "a", "reply_code": 550, "reply_msg": "User unknown", "seq": 1}
    (row,) = fact("server", smtp_session=[LINE], smtp_cmd=[vrfy])
    assert row["answers_vrfy"] is True
