##! Follows AUTH exchanges: which client lines belong to one, what ends it, how it ended. The analyzer's own idea of it
##! (``**`` and ``AUTH_ANSWER``) holds only while client and server take turns, so lines and 334 replies are counted.

@load ./state
@load ./redact
@load ./sasl

module ZeekSMTP;

# 550 and 554 refuse many things; only these words make them a refusal of credentials.
const speaks_of_authentication = /auth|credential|password|log[io]n|sasl/;

# Mechanisms that succeed without a secret.
const secretless = set("ANONYMOUS", "EXTERNAL");

# A prompt is short; what is longer is a challenge of another mechanism.
const max_prompt_bytes = 256;

# Replies that only AUTH gets, so that they confirm a command seen behind missed content.
const confirming_codes = set(235, 432, 454, 504, 534, 535, 538);

# Begins an exchange; its command gets the mechanism as argument.
function begin_auth(s: State, cmd: CmdInfo, arg: string)
	{
	local words = split_string1(strip(arg), /[ \t]+/);
	local mechanism = mechanism_name(words[0]);
	if ( mechanism == hidden )
		remember_secret(s, words[0]);
	if ( mechanism != "" )
		cmd$arg = mechanism;

	local session = s$session;
	local info = AuthInfo($ts=cmd$ts, $uid=session$uid, $id=session$id,
	    $seq=cmd$seq, $mechanism=mechanism, $initial_response=|words| == 2,
	    $starttls_offered=session$starttls_offered);
	if ( session?$mechanisms_offered )
		info$mechanisms_offered = session$mechanisms_offered;

	local a = AuthState($info=info, $doubtful=session$gap);
	++session$auth_attempts;
	s$auth = a;
	if ( ! s?$exchanges )
		s$exchanges = table();
	s$exchanges[cmd$seq] = a;
	if ( info$initial_response && words[1] != "=" )
		sasl_step(s, a, words[1]);
	}

# Takes a client line of the open exchange.
function auth_response(c: connection, s: State, line: string)
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

# Takes the text of a 334 reply.
function auth_challenge(a: AuthState, text: string)
	{
	++a$challenges;
	a$prompt = "";
	local decoded = decode(strip(text));
	if ( |decoded| == 1 && starts_with(decoded[0], ntlm_signature) )
		read_ntlm_challenge(a$info, decoded[0]);
	else if ( |text| <= max_prompt_bytes )
		a$prompt = to_lower(|decoded| == 1 ? decoded[0] : text);
	}

# Codes of RFC 4954; where content is missing, another code may belong to another command.
const auth_codes = set(235, 432, 454, 500, 501, 503, 504, 530, 534, 535, 538);

function outcome(a: AuthState, info: CmdInfo): string
	{
	if ( a$gap && info?$reply_code && info$reply_code !in auth_codes )
		return "unknown";
	if ( ! info?$reply_code )
		return a$gap || ( a$secret_sent && ! a$cancelled ) ? "unknown" : "aborted";
	if ( info$reply_code == 235 )
		return "success";
	if ( a$cancelled )
		return "aborted";
	if ( info$reply_code == 535 )
		return "failure";
	if ( info$reply_code in set(550, 554)
	    && info?$reply_msg
	    && speaks_of_authentication in to_lower(info$reply_msg) )
		return "failure";
	return info$reply_code >= 400 ? "rejected" : "unknown";
	}

function copy_reply(a: AuthInfo, info: CmdInfo)
	{
	if ( ! info?$reply_code )
		return;

	a$reply_code = info$reply_code;
	if ( info?$reply_status )
		a$reply_status = info$reply_status;
	if ( info?$reply_msg )
		a$reply_msg = info$reply_msg;
	}

# Whether an AUTH behind missed content was none: a line of a message, which no server answers as AUTH.
function is_refuted(a: AuthState, info: CmdInfo): bool
	{
	return a$doubtful
	    && a$challenges == 0
	    && ! ( info?$reply_code && info$reply_code in confirming_codes );
	}

# Takes back what was counted of a line that was no AUTH, and shows nothing of it.
function refute_auth(s: State, info: CmdInfo)
	{
	--s$session$auth_attempts;
	info$command = hidden;
	delete info$arg;
	info$known = F;
	}

function count_outcome(s: State, info: AuthInfo)
	{
	if ( info$outcome == "failure" )
		++s$session$auth_failures;
	else if ( info$outcome == "success" )
		++s$session$auth_successes;
	}

function write_auth(c: connection, s: State, a: AuthState, info: CmdInfo)
	{
	copy_reply(a$info, info);
	a$info$outcome = outcome(a, info);
	if ( a$info$outcome == "success"
	    && a$info$secret_kind == "none"
	    && a$info$mechanism !in secretless )
		# Something convinced the server, past the sensor.
		a$info$secret_kind = "undecodable";

	count_outcome(s, a$info);
	if ( ++s$written <= max_lines )
		Log::write(AUTH_LOG, a$info);
	else
		truncate(c, s, "max_lines");
	}

# Ends the exchange of a command that has one, and its final reply or none any more; writes its line. Returns how many
# of its lines the server took for commands, because it had refused already.
function end_auth(c: connection, s: State, info: CmdInfo): count
	{
	if ( info$seq !in s$exchanges )
		return 0;

	local a = s$exchanges[info$seq];
	delete s$exchanges[info$seq];
	if ( s?$auth && s$auth$info$seq == info$seq )
		delete s$auth;

	if ( is_refuted(a, info) )
		refute_auth(s, info);
	else
		write_auth(c, s, a, info);

	if ( a$gap || ! info?$reply_code )
		return 0;
	if ( a$challenges > a$responses )
		s$late += a$challenges - a$responses;
	return a$responses > a$challenges ? a$responses - a$challenges : 0;
	}
