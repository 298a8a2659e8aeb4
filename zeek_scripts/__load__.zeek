##! Logs what SMTP clients ask and how servers answer: commands, AUTH exchanges and sessions.

@load ./main
@load ./state
@load ./redact
@load ./credentials
@load ./hmac
@load ./ntlm
@load ./sasl
@load ./auth
@load ./dialect
@load ./sessions
@load ./pending
@load ./requests
@load ./replies
# Not loaded by default, because logs serve most sites and notices send mail:
# @load ./notices
