##! Takes the client's lines: commands, SASL responses, and what is neither.

@load ./state
@load ./redact
@load ./auth
@load ./pending
@load ./dialect
@load ./sessions

module ZeekSMTP;

# A chunk's size as servers read it, and the part of it that the analyzer reads too. Where it does not, it takes the
# chunk for commands.
const chunk_arg = /[0-9]{1,18}([ \t]+[lL][aA][sS][tT])?[ \t]*/;
const plain_chunk_arg = /[0-9]{1,18}( [lL][aA][sS][tT])?/;

# Counts a chunk, and marks it where the analyzer takes it for commands. What may stand behind it in the same segment
# is not read either, so that counts are lower bounds.
function begin_chunk(s: State, info: CmdInfo, arg: string, unseen: bool)
	{
	if ( arg != chunk_arg )
		return;

	local size = to_count(sub(arg, /[^0-9].*$/, ""));
	s$chunk_bytes += size;
	info$mail_size = s$chunk_bytes;
	if ( size > 0 && ( unseen || arg != plain_chunk_arg ) )
		{
		begin_content(s, info);
		s$session$gap = T;
		}
	}

function begin_data(c: connection, s: State, info: CmdInfo, unseen: bool)
	{
	s$data_offset = c$orig$size;
	if ( unseen )
		s$unseen_data = info$seq;
	}

# Counts a command, and takes what only one kind of command has.
function count_command(c: connection, s: State, info: CmdInfo, arg: string,
    unseen: bool)
	{
	local session = s$session;
	switch ( info$command )
		{
		case "EHLO":
			session$esmtp = T;
			session$helo = info?$arg ? info$arg : "";
			break;
		case "HELO":
			session$helo = info?$arg ? info$arg : "";
			break;
		case "MAIL":
			++session$mail;
			s$chunk_bytes = 0;
			s$chunk_refused = F;
			break;
		case "RCPT":
			++session$rcpt;
			break;
		case "DATA":
			begin_data(c, s, info, unseen);
			break;
		case "BDAT":
			begin_chunk(s, info, arg, unseen);
			break;
		case "AUTH":
			begin_auth(s, info, arg);
			break;
		case "VRFY":
			++session$vrfy;
			break;
		case "EXPN":
			++session$expn;
			break;
		case "STARTTLS", "X-ANONYMOUSTLS":
			session$starttls_requested = T;
			break;
		case "QUIT":
			session$quit = T;
			break;
		}
	}

# Takes a command. What new_cmd and add_pending_cmd do stands here once more, because a call costs as much as all of it.
function known_command(c: connection, s: State, verb: string, arg: string,
    unseen: bool)
	{
	local session = s$session;
	local info = CmdInfo($ts=network_time(), $uid=session$uid, $id=session$id,
	    $seq=++session$commands, $command=verb, $known=T);
	if ( arg != "" && verb != "AUTH" )
		info$arg = |arg| <= max_field_bytes ? arg : cut(arg);

	count_command(c, s, info, arg, unseen);
	if ( |s$pending| > 0 )
		note_pipelined(c, s, info);
	s$pending[s$next_place] = info;
	++s$next_place;
	if ( verb !in s$dialect )
		add_dialect(s, info);
	}

function unknown_command(c: connection, s: State, word: string)
	{
	++s$session$unknown_commands;
	local verb = shown_verb(s, word);
	if ( verb == hidden )
		remember_secret(s, word);
	if ( "?" !in s$dialect )
		s$dialect += ",?";
	add_pending_cmd(c, s, new_cmd(s, cut(verb), F));
	}

# A word that is no verb while no exchange is open: a response whose reply was seen before it, or an unknown verb.
function stray_word(c: connection, s: State, word: string)
	{
	if ( s$late > 0 )
		--s$late;
	else
		unknown_command(c, s, word);
	}

# A whole line that the analyzer took for a SASL response although no exchange is open, or that ran ahead of its 334.
# Returns F for what does not begin with a verb.
function raw_command(c: connection, s: State, line: string): bool
	{
	local words = split_string1(line, /[ \t]+/);
	local verb = |words[0]| <= max_verb_bytes ? to_upper(words[0]) : "";
	if ( verb !in known_verbs )
		return F;

	known_command(c, s, verb, |words| == 2 ? words[1] : "", T);
	return T;
	}

# A client line that the analyzer gives as "**".
function sasl_line(c: connection, s: State, line: string)
	{
	if ( s?$auth
	    && ( s$auth$challenges > s$auth$responses || ! raw_command(c, s, line) ) )
		auth_response(c, s, line);
	else if ( ! s?$auth && ! raw_command(c, s, line) )
		stray_word(c, s, split_string1(line, /[ \t]+/)[0]);
	}

# The end of a message: DATA is the last command before it. What stands behind it in the same segment counts as well.
function end_of_data(c: connection, s: State)
	{
	if ( |s$pending| == 0 )
		return;

	local info = s$pending[s$next_place - 1];
	if ( info$command != "DATA" )
		# A chunk ends by its size alone.
		return;

	end_content(s);
	local head = s$data_offset + |".\r\n"|;
	info$mail_size = c$orig$size > head ? c$orig$size - head : 0;
	}

# Requests that are no command lines, or not those of a client.
function other_request(c: connection, s: State, command: string, arg: string)
	{
	if ( command == "**" )
		sasl_line(c, s, arg);
	else if ( command == "." )
		end_of_data(c, s);
	else if ( command != "(UNKNOWN)" )
		# One of the analyzer's inner names, typed by a client.
		unknown_command(c, s, hidden);
	}

event smtp_request(c: connection, is_orig: bool, command: string, arg: string)
    &priority=5
	{
	local s = c?$zeeksmtp ? c$zeeksmtp : get_state(c);
	if ( s$unreadable )
		{
		if ( command == "." || ( command == "**" && arg == "." ) )
			end_of_data(c, s);
		}
	else if ( ! is_orig )
		s$session$analyzer_disabled = "TURN: client and server changed places";
	else if ( command in known_verbs )
		known_command(c, s, command, arg, F);
	else
		other_request(c, s, command, arg);
	}

function unknown_word(c: connection, s: State, word: string)
	{
	if ( s$unreadable )
		{
		if ( word == "." )
			end_of_data(c, s);
		}
	else if ( s?$auth )
		auth_response(c, s, word);
	else
		stray_word(c, s, word);
	}

# Bytes of the client are missing: what waits will still be answered. Of a message that goes by, the analyzer may take
# the rest for commands.
function missed_requests(s: State)
	{
	if ( |s$pending| == 0 )
		return;

	local last = s$pending[s$next_place - 1];
	if ( last$command == "DATA" || last$command == "BDAT" )
		begin_content(s, last);
	}

# Bytes of the server are missing: what waits may have been answered, and only an exchange says by its reply that it is
# the one meant.
function missed_replies(c: connection, s: State)
	{
	s$owed = 0;
	local exchange: vector of CmdInfo;
	while ( |s$pending| > 0 )
		{
		local info = pop_pending_cmd(s);
		if ( s?$auth && info$seq == s$auth$info$seq )
			exchange += info;
		else
			give_up(c, s, info);
		}

	put_first(s, exchange);
	}

function missed_content(c: connection, s: State, is_orig: bool)
	{
	s$session$gap = T;
	s$reply = vector();
	if ( s?$auth )
		s$auth$gap = T;

	if ( is_orig )
		missed_requests(s);
	else
		missed_replies(c, s);
	}

event smtp_unexpected(c: connection, is_orig: bool, msg: string, detail: string)
    &priority=5
	{
	if ( msg != "unknown command" && msg != "content gap" )
		return;

	local s = get_state(c);
	if ( s$session$tls )
		return;

	if ( msg == "content gap" )
		missed_content(c, s, is_orig);
	else
		unknown_word(c, s, detail);
	}
