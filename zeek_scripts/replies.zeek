##! Takes the server's replies: each goes to the oldest command that waits, save those that only one command can get.

@load ./state
@load ./redact
@load ./auth
@load ./pending
@load ./sessions

module ZeekSMTP;

# RFC 3463, and the length of its longest form.
const enhanced_status = /[245]\.[0-9]{1,3}\.[0-9]{1,3}/;
const max_status_bytes = 9;

# What a reply of one line hands on.
const no_lines: vector of string = vector();

# Whether a command can get a reply that only one kind of command gets.
function can_answer(s: State, info: CmdInfo, code: count): bool
	{
	if ( code == 220 )
		return info$command == "STARTTLS" || info$command == "X-ANONYMOUSTLS";
	if ( code == 354 )
		return info$command == "DATA";
	return s?$exchanges && info$seq in s$exchanges;
	}

# Brings a queue back into step that lost a reply: 235 and 334 answer AUTH alone, 354 answers DATA alone, and the
# analyzer knows which 220 answers STARTTLS.
function step_to(c: connection, s: State, code: count)
	{
	local at = s$oldest;
	while ( at in s$pending && ! can_answer(s, s$pending[at], code) )
		++at;
	if ( at !in s$pending )
		return;

	while ( s$oldest < at )
		give_up(c, s, pop_pending_cmd(s));
	}

# A 334 without an AUTH that it could answer: the command was missed, or it is an AUTH of another name.
function implied_auth(c: connection, s: State)
	{
	if ( |s$pending| == 0 || s$pending[s$oldest]$known )
		put_first(s, vector(new_cmd(s, "AUTH", T)));

	begin_auth(s, s$pending[s$oldest], "");
	s$auth$gap = T;
	}

function challenge(c: connection, s: State, text: string)
	{
	# A challenge is decoded before it is cut.
	s$session$last_reply_msg = cut(text);
	if ( s$owed > 0 )
		return;
	if ( |s$pending| == 0 || ! can_answer(s, s$pending[s$oldest], 334) )
		implied_auth(c, s);

	local info = s$pending[s$oldest];
	local a = s$exchanges[info$seq];
	auth_challenge(a, text);
	if ( a$info$mechanism == "" && /user|pass/ in a$prompt )
		{
		a$info$mechanism = "LOGIN";
		info$arg = "LOGIN";
		}
	}

# A message follows; the command's reply comes after it.
function go_ahead(s: State, text: string)
	{
	if ( s$owed > 0 || |s$pending| == 0 )
		return;

	local info = s$pending[s$oldest];
	if ( info$command != "DATA" )
		return;

	info$reply_code = 354;
	info$reply_msg = text;
	info$latency = network_time() - info$ts;
	if ( info$seq == s$unseen_data )
		begin_content(s, info);
	}

# Lines of an exchange that the server refused before it read them: it takes them for commands and answers each.
function refused_lines(s: State, surplus: count)
	{
	local lines: vector of CmdInfo;
	while ( |lines| < surplus && |lines| < max_responses )
		{
		++s$session$unknown_commands;
		lines += new_cmd(s, hidden, F);
		}

	put_first(s, lines);
	}

function end_exchange(c: connection, s: State, info: CmdInfo)
	{
	local surplus = end_auth(c, s, info);
	if ( surplus > 0 )
		refused_lines(s, surplus);
	}

# Answers the oldest command that waits. The enhanced status stands before the first blank of the text.
function answer(c: connection, s: State, code: count, text: string,
    lines: vector of string)
	{
	local info = s$pending[s$oldest];
	delete s$pending[s$oldest];
	++s$oldest;
	info$reply_code = code;
	info$latency = network_time() - info$ts;
	info$reply_msg = code < 400 || info$known ? text : scrub_echo(info$command,
	    text);
	local blank = strstr(text, " ");
	if ( blank == 0 )
		blank = |text| + 1;
	if ( blank <= max_status_bytes + 1 && text[: blank - 1] == enhanced_status )
		info$reply_status = text[: blank - 1];

	if ( s$content_of == info$seq )
		end_content(s);
	if ( s?$exchanges )
		end_exchange(c, s, info);

	count_answer(s, info, lines);
	# The common case of write_cmd, without a call of its own.
	if ( log_bulk && s$written < max_lines )
		{
		++s$written;
		Log::write(CMD_LOG, info);
		}
	else
		write_cmd(c, s, info);
	}

# Errors are counted, and cleared of what they repeat.
function take_error(s: State, code: count, text: string): string
	{
	if ( code >= 500 )
		++s$session$replies_5xx;
	else
		++s$session$replies_4xx;
	return |s$secrets| > 0 ? scrub(s, text) : text;
	}

# The first reply greets, unless it is the first after a gap. What waits for it was sent too early.
function greet(s: State, text: string): bool
	{
	s$greeted = T;
	if ( s$session$gap )
		return F;

	s$session$banner = text;
	for ( _, info in s$pending )
		info$pipelined = T;
	if ( s$dialect != "" )
		s$dialect = ",*" + s$dialect[1:];
	return T;
	}

# Takes replies that do not simply answer the oldest command that waits.
function take_special(c: connection, s: State, code: count, text: string): bool
	{
	if ( ! s$greeted && greet(s, text) )
		return T;
	if ( s$owed == 0
	    && ( code == 334 || code == 354 || code == 235 || s$tls_begins ) )
		step_to(c, s, code);

	if ( code == 334 )
		challenge(c, s, text);
	else if ( code == 354 )
		go_ahead(s, text);
	else if ( s$owed > 0 )
		--s$owed;
	else
		return F;
	return T;
	}

function take_reply(c: connection, s: State, code: count, text: string,
    lines: vector of string)
	{
	local session = s$session;
	if ( code >= 400 )
		text = take_error(s, code, text);

	session$last_reply_code = code;
	session$last_reply_msg = text;
	# Most replies are 250, and nothing but an answer.
	if ( ( code != 250 || s$owed > 0 || ! s$greeted )
	    && take_special(c, s, code, text) )
		return;

	if ( |s$pending| > 0 )
		answer(c, s, code, text, lines);

	if ( code == 220 && ( session$tls || s$tls_begins ) )
		{
		# What was sent behind STARTTLS and before TLS gets no reply.
		session$tls = T;
		s$unreadable = T;
		give_up_all(c, s);
		}
	}

function take_lines(c: connection, s: State)
	{
	local lines = s$reply;
	s$reply = vector();
	take_reply(c, s, s$reply_code, cut(join_string_vec(lines, " ")), lines);
	}

# Takes a line of a reply that has several, or a long one.
function take_line(c: connection, s: State, code: count, line: string,
    more: bool)
	{
	# A reply that broke off.
	if ( |s$reply| > 0 && s$reply_code != code )
		take_lines(c, s);

	# Behind the first line of the reply to STARTTLS the analyzer expects TLS.
	more = more && ! s$tls_begins;
	if ( ! more && |s$reply| == 0 )
		{
		take_reply(c, s, code, code == 334 ? line : cut(line), no_lines);
		return;
		}

	s$reply_code = code;
	if ( |s$reply| < max_disclosed )
		s$reply += |line| <= max_field_bytes ? line : cut(line);
	else
		truncate(c, s, "max_disclosed");
	if ( ! more )
		take_lines(c, s);
	}

event smtp_reply(c: connection, is_orig: bool, code: count, cmd: string,
    msg: string, cont_resp: bool) &priority=5
	{
	local s = c?$zeeksmtp ? c$zeeksmtp : get_state(c);
	if ( s$session$tls )
		return;

	if ( cont_resp || |s$reply| > 0 || |msg| > max_field_bytes )
		take_line(c, s, code, msg, cont_resp);
	else
		take_reply(c, s, code, msg, no_lines);
	}

# Raised before the reply that it is about.
event smtp_starttls(c: connection) &priority=5
	{
	get_state(c)$tls_begins = T;
	}
