##! Logs what SMTP clients ask and how servers answer: commands, AUTH exchanges and sessions.

@load ./main
@load ./redact
@load ./sasl
@load ./auth
@load ./sessions
@load ./commands
# Not loaded by default, because logs serve most sites and notices send mail:
# @load ./notices
