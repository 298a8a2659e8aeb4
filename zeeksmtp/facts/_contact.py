"""What conn.log's states say of a contact (Zeek's base/protocols/conn; `S0` no answer, `REJ` refused, …)."""

FAILED_STATES = ("S0", "REJ", "RSTOS0", "RSTRH", "SH", "SHR")
"""The connection never came about: no answer, refused, or half a handshake."""
