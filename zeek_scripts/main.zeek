##! Streams, records and options of the package. What is remembered of a connection is in state.zeek, the behaviour in
##! the other files: requests.zeek and replies.zeek pair commands with replies, auth.zeek follows AUTH exchanges,
##! sasl.zeek reads the mechanisms, sessions.zeek counts and ends a session, redact.zeek decides what may be shown.

@load base/frameworks/analyzer
@load base/frameworks/reporter
@load base/protocols/conn/removal-hooks
@load base/protocols/smtp

module ZeekSMTP;

export {
	redef enum Log::ID += {
		## Commands with their final replies, ``smtp_cmd.log``.
		CMD_LOG,
		## AUTH exchanges seen in clear, ``smtp_auth.log``.
		AUTH_LOG,
		## SMTP connections, ``smtp_session.log``.
		SESSION_LOG,
	};

	## One AUTH exchange. What it holds of a secret depends on :zeek:see:`ZeekSMTP::capture_password` and
	## :zeek:see:`ZeekSMTP::site_secret`; by default only its kind and length.
	type AuthInfo: record {
		## When the AUTH command was seen.
		ts: time &log;
		## Unique ID of the connection.
		uid: string &log;
		## The connection's 4-tuple.
		id: conn_id &log;
		## ``seq`` of the AUTH command in ``smtp_cmd.log``.
		seq: count &log;
		## SASL mechanism, upper case.
		mechanism: string &log;
		## The client sent credentials with the command itself.
		initial_response: bool &log &default=F;
		## Who logged in.
		user: string &log &optional;
		## On whose behalf.
		authzid: string &log &optional;
		## What was sent: ``password``, ``hash``, ``token``, ``ticket``, ``none``, ``undecodable``.
		secret_kind: string &log &default="none";
		## Bytes of the decoded password.
		secret_length: count &log &optional;
		## Keyed hash of the password: equal values mean the same password.
		secret_hash: string &log &optional;
		## NTLM: host and domain names in the server's challenge.
		server_names: vector of string &log &optional;
		## The password itself, only where the site asked for it.
		password: string &log &optional;
		## ``success``, ``failure``, ``rejected``, ``aborted`` or ``unknown``.
		outcome: string &log &default="unknown";
		## Code of the reply that ended the exchange.
		reply_code: count &log &optional;
		## Its enhanced status.
		reply_status: string &log &optional;
		## Its text.
		reply_msg: string &log &optional;
		## What the last EHLO reply offered.
		mechanisms_offered: vector of string &log &optional;
		## The server had offered STARTTLS in this session.
		starttls_offered: bool &log &default=F;
	};

	## One command of a client.
	type CmdInfo: record {
		## When the command was seen.
		ts: time &log;
		## Unique ID of the connection.
		uid: string &log;
		## The connection's 4-tuple.
		id: conn_id &log;
		## Number of the command within the connection, from 1.
		seq: count &log;
		## Upper-case verb; unknown verbs as sent, ``**`` where a line may have been a secret.
		command: string &log;
		## The argument; of AUTH the mechanism only.
		arg: string &log &optional;
		## Code of the final reply.
		reply_code: count &log &optional;
		## Its enhanced status, ``5.1.1``.
		reply_status: string &log &optional;
		## Its whole text, lines joined by a blank.
		reply_msg: string &log &optional;
		## VRFY, EXPN: the text of each line that gave an address away.
		disclosed: vector of string &log &optional;
		## From the command to its final reply.
		latency: interval &log &optional;
		## F for a verb that the analyzer does not know.
		known: bool &log;
		## The client sent it before the reply of the command before it.
		pipelined: bool &log &default=F;
		## DATA, BDAT: bytes of the message as far as seen.
		mail_size: count &log &optional;
	};

	## One SMTP connection.
	type SessionInfo: record {
		## When the connection began.
		ts: time &log;
		## Unique ID of the connection.
		uid: string &log;
		## The connection's 4-tuple.
		id: conn_id &log;
		## The server's greeting.
		banner: string &log &optional;
		## What the client called itself.
		helo: string &log &optional;
		## The client said EHLO.
		esmtp: bool &log &default=F;
		## What the last EHLO was answered with, without the greeting line.
		capabilities: vector of string &log &optional;
		## STARTTLS stood among the capabilities.
		starttls_offered: bool &log &default=F;
		## The client sent STARTTLS.
		starttls_requested: bool &log &default=F;
		## How the server answered it.
		starttls_code: count &log &optional;
		## STARTTLS was answered with 220.
		tls: bool &log &default=F;
		## SASL mechanisms among the capabilities.
		mechanisms_offered: vector of string &log &optional;
		## Commands of the client.
		commands: count &log &default=0;
		## Those with a verb that the analyzer does not know.
		unknown_commands: count &log &default=0;
		## MAIL commands.
		mail: count &log &default=0;
		## RCPT commands.
		rcpt: count &log &default=0;
		## Recipients accepted.
		rcpt_accepted: count &log &default=0;
		## Recipients refused as unknown users.
		rcpt_unknown: count &log &default=0;
		## Recipients refused for another reason.
		rcpt_refused: count &log &default=0;
		## Messages accepted after their last byte.
		messages_accepted: count &log &default=0;
		## Messages refused at DATA, BDAT or after their last byte.
		messages_refused: count &log &default=0;
		## VRFY commands.
		vrfy: count &log &default=0;
		## VRFY answered 250 or 251.
		vrfy_confirmed: count &log &default=0;
		## EXPN commands.
		expn: count &log &default=0;
		## EXPN answered 250.
		expn_confirmed: count &log &default=0;
		## AUTH exchanges.
		auth_attempts: count &log &default=0;
		## AUTH exchanges whose credentials were refused.
		auth_failures: count &log &default=0;
		## AUTH exchanges that were accepted.
		auth_successes: count &log &default=0;
		## Replies with a 4xx code.
		replies_4xx: count &log &default=0;
		## Replies with a 5xx code.
		replies_5xx: count &log &default=0;
		## Code of the last reply.
		last_reply_code: count &log &optional;
		## Its text.
		last_reply_msg: string &log &optional;
		## The client said QUIT.
		quit: bool &log &default=F;
		## Content was missed: counts are lower bounds.
		gap: bool &log &default=F;
		## How the client speaks: a hash of *dialect_raw*.
		dialect: string &log &optional;
		## The verbs in the order of first use, with ``*`` if pipelined, and the form of their arguments.
		dialect_raw: string &log &optional;
		## Why Zeek stopped following.
		analyzer_disabled: string &log &optional;
		## A bound of this package was hit.
		truncated: bool &log &default=F;
	};

	## May change or refuse a line of ``smtp_cmd.log``.
	global log_policy_cmd: Log::PolicyHook;
	## May change or refuse a line of ``smtp_auth.log``.
	global log_policy_auth: Log::PolicyHook;
	## May change or refuse a line of ``smtp_session.log``.
	global log_policy_session: Log::PolicyHook;

	## Raised for each line of ``smtp_cmd.log``.
	global log_cmd: event(rec: CmdInfo);
	## Raised for each line of ``smtp_auth.log``.
	global log_auth: event(rec: AuthInfo);
	## Raised for each line of ``smtp_session.log``.
	global log_session: event(rec: SessionInfo);

	## Ports besides Zeek's own on which SMTP is looked for.
	const extra_ports = set(26/tcp, 2525/tcp) &redef;

	## Whether accepted MAIL, RCPT and DATA commands are written to ``smtp_cmd.log``. Busy relays may turn it off;
	## the session's counters keep them.
	option log_bulk = T;

	## Whether clear text passwords are written to ``smtp_auth.log``.
	option capture_password = F;

	## The site's own key for :zeek:field:`ZeekSMTP::AuthInfo$secret_hash`; empty for no hashes. It has to be the same
	## on all nodes, long, and known to nobody who may read the logs.
	option site_secret = "";

	## Bytes kept of a string: an argument, a reply's text. From 32 to 4096.
	option max_field_bytes = 512;

	## Commands of a connection that may wait for their replies. From 8 to 4096.
	option max_pending = 256;

	## Lines of ``smtp_cmd.log`` and ``smtp_auth.log`` together for a connection. From 1 to 1000000.
	option max_lines = 10000;

	## Lines of one reply that are kept: capabilities, members of a list. From 1 to 100.
	option max_disclosed = 100;

	## Client lines of one AUTH exchange that are decoded. From 2 to 64.
	option max_responses = 16;

	## Bytes of a client line that are decoded; longer ones count as undecodable. From 256 to 65536.
	option max_secret_bytes = 16384;

	## Writes the session's line when its connection ends.
	global finalize: Conn::RemovalHook;
}

# The least and the most that an operator may ask for.
const bounds: table[string] of vector of count = {
	["ZeekSMTP::max_field_bytes"] = vector(32, 4096),
	["ZeekSMTP::max_pending"] = vector(8, 4096),
	["ZeekSMTP::max_lines"] = vector(1, 1000000),
	["ZeekSMTP::max_disclosed"] = vector(1, 100),
	["ZeekSMTP::max_responses"] = vector(2, 64),
	["ZeekSMTP::max_secret_bytes"] = vector(256, 65536),
};

function keep_in_bounds(id: string, value: count): count
	{
	local range = bounds[id];
	if ( value < range[0] )
		return range[0];
	return value > range[1] ? range[1] : value;
	}

event zeek_init() &priority=5
	{
	Log::create_stream(CMD_LOG, Log::Stream($columns=CmdInfo, $ev=log_cmd,
	    $path="smtp_cmd", $policy=log_policy_cmd));
	Log::create_stream(AUTH_LOG, Log::Stream($columns=AuthInfo, $ev=log_auth,
	    $path="smtp_auth", $policy=log_policy_auth));
	Log::create_stream(SESSION_LOG, Log::Stream($columns=SessionInfo,
	    $ev=log_session, $path="smtp_session", $policy=log_policy_session));
	Analyzer::register_for_ports(Analyzer::ANALYZER_SMTP, extra_ports);

	for ( id in bounds )
		Option::set_change_handler(id, keep_in_bounds, 100);
	}

# What was set at load time passes the same bounds as what is set later.
function check_option(id: string, value: count)
	{
	local kept = keep_in_bounds(id, value);
	if ( kept != value )
		Option::set(id, kept);
	}

event zeek_init()
	{
	check_option("ZeekSMTP::max_field_bytes", max_field_bytes);
	check_option("ZeekSMTP::max_pending", max_pending);
	check_option("ZeekSMTP::max_lines", max_lines);
	check_option("ZeekSMTP::max_disclosed", max_disclosed);
	check_option("ZeekSMTP::max_responses", max_responses);
	check_option("ZeekSMTP::max_secret_bytes", max_secret_bytes);
	}
