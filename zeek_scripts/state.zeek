##! What is remembered of a connection: the commands that wait for their replies, the open AUTH exchange, and where the
##! analyzer cannot be trusted.

@load ./main

module ZeekSMTP;

# An AUTH exchange that goes on.
type AuthState: record {
	info: AuthInfo;
	# 334 replies so far.
	challenges: count &default=0;
	# Client lines after the command so far.
	responses: count &default=0;
	# Identity and password lines of LOGIN so far, an initial response included.
	fields: count &default=0;
	# The last 334's text, in lower case and decoded where that is possible.
	prompt: string &default="";
	# The client sent what the mechanism counts as the secret.
	secret_sent: bool &default=F;
	# The client sent "*".
	cancelled: bool &default=F;
	# Content was missed inside the exchange.
	gap: bool &default=F;
	# Content was missed before the command, which may so be a line of a message.
	doubtful: bool &default=F;
};

type PendingCmds: table[count] of CmdInfo;

type State: record {
	session: SessionInfo;
	# Commands that wait for their reply, by place in the queue.
	pending: PendingCmds &default=table();
	# Place of the oldest command that waits; commands can be put before it.
	oldest: count &default=1000;
	# Place of the next command.
	next_place: count &default=1000;
	# Final replies still to come for commands that left a full queue.
	owed: count &default=0;
	# Lines of the reply that is not complete yet.
	reply: vector of string &default=vector();
	# Code of the reply that is not complete yet.
	reply_code: count &default=0;
	# The first reply was seen.
	greeted: bool &default=F;
	# The analyzer saw the reply that TLS follows.
	tls_begins: bool &default=F;
	# What the client sends is TLS, or content that the analyzer takes for commands.
	unreadable: bool &default=F;
	# Number of the DATA or BDAT whose content that is.
	content_of: count &default=0;
	# Number of a DATA that the analyzer took for a SASL response, so that it does not know that a message follows.
	unseen_data: count &default=0;
	# Bytes that the client had sent when DATA was seen.
	data_offset: count &default=0;
	# Bytes of the current message's chunks.
	chunk_bytes: count &default=0;
	# A chunk of the current message was refused already.
	chunk_refused: bool &default=F;
	# The exchange that client lines belong to.
	auth: AuthState &optional;
	# Exchanges by the number of their command, as long as that waits.
	exchanges: table[count] of AuthState &optional;
	# SASL responses that were answered before they were seen.
	late: count &default=0;
	# Beginnings of client lines that must not come back in a reply's text.
	secrets: vector of string &default=vector();
	# How the client speaks so far.
	dialect: string &default="";
	# Lines written to smtp_cmd.log and smtp_auth.log.
	written: count &default=0;
	# Why the analyzer last complained.
	violation: string &default="";
};

redef record connection += {
	zeeksmtp: State &optional;
};

# Returns the state of a connection, which begins with its first event.
function get_state(c: connection): State
	{
	if ( ! c?$zeeksmtp )
		{
		c$zeeksmtp = State($session=SessionInfo($ts=c$start_time, $uid=c$uid,
		    $id=c$id));
		Conn::register_removal_hook(c, finalize);
		}

	return c$zeeksmtp;
	}

# Returns a string or its first max_field_bytes, without half a UTF-8 character at the end.
function cut(s: string): string
	{
	if ( |s| <= max_field_bytes )
		return s;
	return sub(s[:max_field_bytes], /[\xc0-\xff]?[\x80-\xbf]*$/, "");
	}

# Marks a session as truncated at the bound that an option sets, with one weird the first time.
function truncate(c: connection, s: State, bound: string)
	{
	if ( s$session$truncated )
		return;

	s$session$truncated = T;
	Reporter::conn_weird("smtp_session_truncated", c, bound, "ZeekSMTP");
	}
