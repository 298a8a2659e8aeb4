##! Follows AUTH exchanges: which client lines belong to one, what ends it, how it ended. The analyzer's own idea of it
##! (``**`` and ``AUTH_ANSWER``) holds only while client and server take turns, so lines and 334 replies are counted.

@load ./main
@load ./redact
@load ./sasl

module ZeekSMTP;

export {
	## Begins an exchange.
	##
	## s: The session.
	##
	## cmd: The AUTH command, which gets the exchange and its mechanism.
	##
	## arg: The command's argument, secrets included.
	global begin_auth: function(s: Session, cmd: Command, arg: string);

	## Takes a client line of the open exchange.
	##
	## c: The connection.
	##
	## s: The session.
	##
	## line: The line as sent.
	global auth_response: function(c: connection, s: Session, line: string);

	## Takes a 334 reply.
	##
	## a: The exchange.
	##
	## text: The reply's text.
	global auth_challenge: function(a: Auth, text: string);

	## Ends an exchange and writes its line.
	##
	## c: The connection.
	##
	## s: The session.
	##
	## cmd: The AUTH command with its final reply, or without one.
	##
	## Returns: how many of its lines the server took for commands, because it had refused already.
	global end_auth: function(c: connection, s: Session, cmd: Command): count;
}

# 550 and 554 refuse many things; only these words make them a refusal of credentials.
const speaks_of_authentication = /auth|credential|password|log[io]n|sasl/;

# Mechanisms that succeed without a secret.
const secretless = set("ANONYMOUS", "EXTERNAL");

# A prompt is short; what is longer is a challenge of another mechanism.
const max_prompt_bytes = 256;

function begin_auth(s: Session, cmd: Command, arg: string)
	{
	local words = split_string1(strip(arg), /[ \t]+/);
	local mechanism = mechanism_name(words[0]);
	if ( mechanism == hidden )
		remember_secret(s, words[0]);
	if ( mechanism != "" )
		cmd$arg = mechanism;

	local a = Auth($ts=cmd$ts, $uid=cmd$uid, $id=cmd$id, $seq=cmd$seq,
	    $mechanism=mechanism, $starttls_offered=s$starttls_offered);
	if ( s?$mechanisms_offered )
		a$mechanisms_offered = s$mechanisms_offered;

	++s$auth_attempts;
	s$auth = a;
	cmd$auth = a;

	a$initial_response = |words| == 2;
	if ( a$initial_response && words[1] != "=" )
		sasl_step(s, a, words[1]);
	}

function auth_response(c: connection, s: Session, line: string)
	{
	local a = s$auth;
	++a$responses;
	if ( a$responses > max_responses )
		truncate(c, s, "max_responses");
	else if ( line == "*" )
		a$cancelled = T;
	else
		sasl_step(s, a, line);
	}

function auth_challenge(a: Auth, text: string)
	{
	++a$challenges;
	if ( |text| > max_prompt_bytes )
		{
		a$prompt = "";
		return;
		}

	local decoded = decode(strip(text));
	a$prompt = to_lower(|decoded| == 1 ? decoded[0] : text);
	}

# Codes of RFC 4954; where content is missing, another code may belong to another command.
const auth_codes = set(235, 432, 454, 500, 501, 503, 504, 530, 534, 535, 538);

function outcome(a: Auth, cmd: Command): string
	{
	if ( a$gap && cmd?$reply_code && cmd$reply_code !in auth_codes )
		return "unknown";
	if ( ! cmd?$reply_code )
		return a$gap || ( a$secret_sent && ! a$cancelled ) ? "unknown" : "aborted";
	if ( cmd$reply_code == 235 )
		return "success";
	if ( a$cancelled )
		return "aborted";
	if ( cmd$reply_code == 535 )
		return "failure";
	if ( cmd$reply_code in set(550, 554)
	    && cmd?$reply_msg
	    && speaks_of_authentication in to_lower(cmd$reply_msg) )
		return "failure";
	return cmd$reply_code >= 400 ? "rejected" : "unknown";
	}

function copy_reply(a: Auth, cmd: Command)
	{
	if ( ! cmd?$reply_code )
		return;

	a$reply_code = cmd$reply_code;
	if ( cmd?$reply_status )
		a$reply_status = cmd$reply_status;
	if ( cmd?$reply_msg )
		a$reply_msg = cmd$reply_msg;
	}

function end_auth(c: connection, s: Session, cmd: Command): count
	{
	local a = cmd$auth;
	copy_reply(a, cmd);
	a$outcome = outcome(a, cmd);
	if ( a$outcome == "success"
	    && a$secret_kind == "none"
	    && a$mechanism !in secretless )
		# Something convinced the server, past the sensor.
		a$secret_kind = "undecodable";
	if ( a$outcome == "failure" )
		++s$auth_failures;
	else if ( a$outcome == "success" )
		++s$auth_successes;

	if ( s?$auth && s$auth$seq == a$seq )
		delete s$auth;
	if ( ++s$written <= max_lines )
		Log::write(AUTH_LOG, a);
	else
		truncate(c, s, "max_lines");

	if ( a$gap || ! cmd?$reply_code )
		return 0;
	if ( a$challenges > a$responses )
		s$late += a$challenges - a$responses;
	return a$responses > a$challenges ? a$responses - a$challenges : 0;
	}
