##! Pairs commands with their replies. The analyzer names the command that a reply belongs to, but loses count at verbs
##! that it does not know and around AUTH, so this file keeps its own queue: commands come in and replies go out in order.

@load ./main
@load ./redact
@load ./auth
@load ./sessions

module ZeekSMTP;

# Accepted, these tell nothing that the session's counters do not.
const bulk_verbs = set("MAIL", "RCPT", "DATA");

# Answered commands that stay in a queue until it is shortened, because shortening it each time costs more.
const spent_commands = 8;

# RFC 3463, and the length of its longest form.
const enhanced_status = /[245]\.[0-9]{1,3}\.[0-9]{1,3}/;
const max_status_bytes = 9;

# What a reply of one line hands on.
const no_lines: vector of string = vector();

function write_command(c: connection, s: Session, cmd: Command)
	{
	if ( ! log_bulk
	    && cmd?$reply_code
	    && cmd$reply_code < 400
	    && cmd$command in bulk_verbs )
		return;
	if ( ++s$written <= max_lines )
		Log::write(CMD_LOG, cmd);
	else
		truncate(c, s, "max_lines");
	}

# A command that gets no reply any more.
function give_up(c: connection, s: Session, cmd: Command)
	{
	if ( cmd?$auth )
		end_auth(c, s, cmd);
	write_command(c, s, cmd);
	}

function waiting(s: Session): count
	{
	return |s$queue| - s$head;
	}

# Forgets answered commands once nothing waits behind them. A new vector, because resize() of Zeek 8.2.2 never frees
# the records that it drops.
function shorten(s: Session)
	{
	if ( s$head < spent_commands || s$head < |s$queue| )
		return;

	s$queue = vector();
	s$head = 0;
	}

function pop(s: Session): Command
	{
	local cmd = s$queue[s$head];
	++s$head;
	shorten(s);
	return cmd;
	}

# Puts commands before all that wait.
function put_first(s: Session, first: vector of Command)
	{
	while ( waiting(s) > 0 )
		first += pop(s);
	s$queue = first;
	s$head = 0;
	}

function give_up_all(c: connection, s: Session)
	{
	while ( waiting(s) > 0 )
		give_up(c, s, pop(s));
	}

# Makes place in a full queue. The replies of what leaves it are still to come, before those of all others.
function make_place(c: connection, s: Session)
	{
	if ( waiting(s) >= max_pending )
		{
		truncate(c, s, "max_pending");
		++s$owed;
		give_up(c, s, pop(s));
		}

	if ( s$head >= max_pending )
		{
		s$queue = s$queue[s$head :];
		s$head = 0;
		}
	}

function push(c: connection, s: Session, cmd: Command)
	{
	if ( |s$queue| >= max_pending )
		make_place(c, s);

	s$queue += cmd;
	}

function new_command(c: connection, s: Session, verb: string, known: bool)
    : Command
	{
	return Command($ts=network_time(), $uid=c$uid, $id=s$id, $seq=++s$commands,
	    $command=verb, $known=known);
	}

function known_command(c: connection, s: Session, verb: string, arg: string,
    unseen: bool)
	{
	local cmd = Command($ts=network_time(), $uid=s$uid, $id=s$id,
	    $seq=++s$commands, $command=verb, $known=T);
	s$spoke_smtp = T;
	if ( verb == "AUTH" )
		begin_auth(s, cmd, arg);
	else if ( arg != "" )
		cmd$arg = |arg| <= max_field_bytes ? arg : cut(arg);
	if ( unseen )
		cmd$unseen = T;

	count_command(s, cmd);
	if ( |s$queue| >= max_pending )
		make_place(c, s);

	s$queue += cmd;
	}

function unknown_command(c: connection, s: Session, word: string)
	{
	++s$unknown_commands;
	local verb = shown_verb(s, word);
	if ( verb == hidden )
		remember_secret(s, word);
	push(c, s, new_command(c, s, cut(verb), F));
	}

# A word that is no verb while no exchange is open: a response whose reply was seen before it, or an unknown verb.
function stray_word(c: connection, s: Session, word: string)
	{
	if ( s$late > 0 )
		--s$late;
	else
		unknown_command(c, s, word);
	}

# A whole line that the analyzer took for a SASL response although no exchange is open, or that ran ahead of its 334.
# Returns F for what does not begin with a verb.
function raw_command(c: connection, s: Session, line: string): bool
	{
	local words = split_string1(line, /[ \t]+/);
	local verb = |words[0]| <= 20 ? to_upper(words[0]) : "";
	if ( verb !in known_verbs )
		return F;

	known_command(c, s, verb, |words| == 2 ? words[1] : "", T);
	return T;
	}

# A client line that the analyzer gives as "**".
function sasl_line(c: connection, s: Session, line: string)
	{
	if ( s?$auth
	    && ( s$auth$challenges > s$auth$responses || ! raw_command(c, s, line) ) )
		auth_response(c, s, line);
	else if ( ! s?$auth && ! raw_command(c, s, line) )
		stray_word(c, s, split_string1(line, /[ \t]+/)[0]);
	}

# Requests that are no command lines, or not those of a client.
function other_request(c: connection, s: Session, command: string, arg: string)
	{
	if ( command == "**" )
		sasl_line(c, s, arg);
	else if ( command != "." && command != "(UNKNOWN)" )
		# One of the analyzer's inner names, typed by a client.
		unknown_command(c, s, hidden);
	}

event smtp_request(c: connection, is_orig: bool, command: string, arg: string)
	{
	local s = c?$zeeksmtp ? c$zeeksmtp : get_session(c);
	if ( s$tls || s$in_body )
		return;

	if ( ! is_orig )
		s$analyzer_disabled = "TURN: client and server changed places";
	else if ( command in known_verbs )
		known_command(c, s, command, arg, F);
	else
		other_request(c, s, command, arg);
	}

function unknown_word(c: connection, s: Session, word: string)
	{
	if ( s$in_body )
		s$in_body = word != ".";
	else if ( s?$auth )
		auth_response(c, s, word);
	else
		stray_word(c, s, word);
	}

# Bytes of the client are missing: what waits will still be answered. Bytes of the server are missing: what waits may
# have been answered, and only an exchange says by its reply that it is the one meant.
function missed_content(c: connection, s: Session, is_orig: bool)
	{
	s$gap = T;
	s$reply = vector();
	if ( s?$auth )
		s$auth$gap = T;
	if ( is_orig )
		return;

	s$owed = 0;
	local exchange: vector of Command;
	while ( waiting(s) > 0 )
		{
		local cmd = pop(s);
		if ( s?$auth && cmd$seq == s$auth$seq )
			exchange += cmd;
		else
			give_up(c, s, cmd);
		}

	s$queue = exchange;
	s$head = 0;
	}

event smtp_unexpected(c: connection, is_orig: bool, msg: string, detail: string)
	{
	if ( msg != "unknown command" && msg != "content gap" )
		return;

	local s = get_session(c);
	if ( s$tls )
		return;

	if ( msg == "content gap" )
		missed_content(c, s, is_orig);
	else
		unknown_word(c, s, detail);
	}

# Whether a command can get a reply that only one kind of command gets.
function can_answer(cmd: Command, code: count): bool
	{
	if ( code == 220 )
		return cmd$command == "STARTTLS" || cmd$command == "X-ANONYMOUSTLS";
	return code == 354 ? cmd$command == "DATA" : cmd?$auth;
	}

# Brings a queue back into step that lost a reply: 235 and 334 answer AUTH alone, 354 answers DATA alone, and the
# analyzer knows which 220 answers STARTTLS.
function step_to(c: connection, s: Session, code: count)
	{
	local at = s$head;
	while ( at < |s$queue| && ! can_answer(s$queue[at], code) )
		++at;
	if ( at == |s$queue| )
		return;

	while ( ! can_answer(s$queue[s$head], code) )
		give_up(c, s, pop(s));
	}

# A 334 without an AUTH that it could answer: the command was missed, or it is an AUTH of another name.
function implied_auth(c: connection, s: Session)
	{
	if ( waiting(s) == 0 || s$queue[s$head]$known )
		{
		put_first(s, vector(new_command(c, s, "AUTH", T)));
		}

	begin_auth(s, s$queue[s$head], "");
	s$auth$gap = T;
	}

function challenge(c: connection, s: Session, text: string)
	{
	if ( s$owed > 0 )
		return;
	if ( waiting(s) == 0 || ! s$queue[s$head]?$auth )
		implied_auth(c, s);

	local cmd = s$queue[s$head];
	auth_challenge(cmd$auth, text);
	if ( cmd$auth$mechanism == "" && /user|pass/ in cmd$auth$prompt )
		{
		cmd$auth$mechanism = "LOGIN";
		cmd$arg = "LOGIN";
		}
	}

# A message follows; the command's reply comes after it.
function go_ahead(s: Session, text: string)
	{
	if ( s$owed > 0 || waiting(s) == 0 || s$queue[s$head]$command != "DATA" )
		return;

	local cmd = s$queue[s$head];
	cmd$reply_code = 354;
	cmd$reply_msg = text;
	cmd$latency = network_time() - cmd$ts;
	s$in_body = cmd$unseen;
	}

# Lines of an exchange that the server refused before it read them: it takes them for commands and answers each.
function refused_lines(c: connection, s: Session, surplus: count)
	{
	local lines: vector of Command;
	while ( |lines| < surplus && |lines| < max_responses )
		{
		++s$unknown_commands;
		lines += new_command(c, s, hidden, F);
		}

	put_first(s, lines);
	}

# Sets the enhanced status where a reply's text begins with one.
function set_status(cmd: Command, text: string)
	{
	local end = strstr(text, " ");
	local status = end == 0 ? text : text[: end - 1];
	if ( |status| <= max_status_bytes && status == enhanced_status )
		cmd$reply_status = status;
	}

function end_exchange(c: connection, s: Session, cmd: Command)
	{
	local surplus = end_auth(c, s, cmd);
	if ( surplus > 0 )
		refused_lines(c, s, surplus);
	}

function answer(c: connection, s: Session, code: count, text: string,
    lines: vector of string)
	{
	local cmd = s$queue[s$head];
	if ( ++s$head >= spent_commands )
		shorten(s);

	cmd$reply_code = code;
	cmd$latency = network_time() - cmd$ts;
	cmd$reply_msg = cmd$known || code < 400 ? text : scrub_echo(cmd$command, text);
	set_status(cmd, text);
	s$in_body = F;
	if ( cmd?$auth )
		end_exchange(c, s, cmd);

	count_answer(s, cmd, lines);
	# The common case, without a call of its own.
	if ( log_bulk && s$written < max_lines )
		{
		++s$written;
		Log::write(CMD_LOG, cmd);
		}
	else
		write_command(c, s, cmd);
	}

# Errors are counted, and cleared of what they repeat.
function take_error(s: Session, code: count, text: string): string
	{
	if ( code >= 500 )
		++s$replies_5xx;
	else
		++s$replies_4xx;
	return |s$secrets| > 0 ? scrub(s, text) : text;
	}

# Replies that do not simply answer the oldest command that waits.
function take_special(c: connection, s: Session, code: count, text: string)
    : bool
	{
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

# The first reply greets, unless it is the first after a gap.
function greet(s: Session, text: string): bool
	{
	s$greeted = T;
	if ( s$gap )
		return F;

	s$banner = text;
	return T;
	}

function take_reply(c: connection, s: Session, code: count, text: string,
    lines: vector of string)
	{
	if ( code >= 400 )
		text = take_error(s, code, text);

	s$last_reply_code = code;
	s$last_reply_msg = text;
	if ( ! s$greeted && greet(s, text) )
		return;

	# Compared one by one, because a set costs more and this is done for every reply.
	if ( code == 334 || code == 354 || code == 235 || s$tls_begins || s$owed > 0 )
		{
		if ( s$owed == 0 )
			step_to(c, s, code);
		if ( take_special(c, s, code, text) )
			return;
		}

	if ( s$head < |s$queue| )
		answer(c, s, code, text, lines);

	if ( s$tls || s$tls_begins )
		{
		# What was sent behind STARTTLS and before TLS gets no reply.
		s$tls = T;
		give_up_all(c, s);
		}
	}

function take_lines(c: connection, s: Session)
	{
	local lines = s$reply;
	s$reply = vector();
	take_reply(c, s, s$reply_code, cut(join_string_vec(lines, " ")), lines);
	}

event smtp_reply(c: connection, is_orig: bool, code: count, cmd: string,
    msg: string, cont_resp: bool)
	{
	local s = c?$zeeksmtp ? c$zeeksmtp : get_session(c);
	if ( s$tls )
		return;
	# A reply that broke off.
	if ( |s$reply| > 0 && s$reply_code != code )
		take_lines(c, s);

	local text = |msg| <= max_field_bytes ? msg : cut(msg);
	# Behind the first line of the reply to STARTTLS the analyzer expects TLS.
	local last = ! cont_resp || s$tls_begins;
	if ( last && |s$reply| == 0 )
		{
		take_reply(c, s, code, text, no_lines);
		return;
		}

	s$reply_code = code;
	if ( |s$reply| < max_disclosed )
		s$reply += text;
	else
		truncate(c, s, "max_disclosed");
	if ( last )
		take_lines(c, s);
	}

# Raised before the reply that it is about.
event smtp_starttls(c: connection)
	{
	get_session(c)$tls_begins = T;
	}

# What still waits is written before the session's own line.
hook finalize(c: connection) &priority=5
	{
	local s = c$zeeksmtp;
	if ( s$greeted || s$spoke_smtp )
		give_up_all(c, s);
	}
