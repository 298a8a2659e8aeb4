##! Counts what a connection does and writes its line when it ends.

@load ./main

module ZeekSMTP;

export {
	## Counts a command when it is seen.
	##
	## s: The session.
	##
	## cmd: The command.
	global count_command: function(s: Session, cmd: Command);

	## Counts a command's final reply.
	##
	## s: The session.
	##
	## cmd: The command with its reply, which gets the lines that disclose names.
	##
	## lines: The reply's lines, or none where it has but one.
	global count_answer: function(s: Session, cmd: Command, lines: vector of
	    string);
}

# Capabilities that tell how to log in and how to be private.
const interesting = /[aA][uU][tT][hH][ =].*|[sS][tT][aA][rR][tT][tT][lL][sS] */;

# Codes whose lines name somebody.
const disclosing = set(250, 251, 551, 553);

# Refusals of a recipient that do not speak of the name, and those that do although they contain such a word.
const policy_words = /relay|denied|prohibit|not permitted|not allowed|block|spam|policy|reject.*sender|access/;
const unknown_words = /unknown|no such|not found|does ?n.t exist|undeliverable|invalid (mailbox|recipient|address)|no mailbox/;

function count_command(s: Session, cmd: Command)
	{
	switch ( cmd$command )
		{
		case "EHLO":
			s$esmtp = T;
			s$helo = cmd?$arg ? cmd$arg : "";
			break;
		case "HELO":
			s$helo = cmd?$arg ? cmd$arg : "";
			break;
		case "MAIL":
			++s$mail;
			s$chunk_refused = F;
			break;
		case "RCPT":
			++s$rcpt;
			break;
		case "VRFY":
			++s$vrfy;
			break;
		case "EXPN":
			++s$expn;
			break;
		case "STARTTLS", "X-ANONYMOUSTLS":
			s$starttls_requested = T;
			break;
		case "QUIT":
			s$quit = T;
			break;
		}
	}

# Refused because there is no such user: 5.1.x, or 550, 551, 553 without a status and without another reason.
function is_unknown_user(cmd: Command): bool
	{
	if ( cmd$reply_code < 500 )
		return F;
	if ( cmd?$reply_status )
		return cmd$reply_status == /5\.1\.[0-9]+|5\.4\.1/;
	if ( cmd$reply_code !in set(550, 551, 553) )
		return F;

	local text = cmd?$reply_msg ? to_lower(cmd$reply_msg) : "";
	return policy_words !in text || unknown_words in text;
	}

function count_recipient(s: Session, cmd: Command)
	{
	if ( cmd$reply_code < 300 )
		++s$rcpt_accepted;
	else if ( is_unknown_user(cmd) )
		++s$rcpt_unknown;
	else
		++s$rcpt_refused;
	}

# A message of chunks ends with the LAST one; a refusal of any chunk refuses the message, once.
function count_chunk(s: Session, cmd: Command)
	{
	if ( cmd$reply_code >= 400 )
		{
		if ( ! s$chunk_refused )
			++s$messages_refused;
		s$chunk_refused = T;
		}
	else if ( cmd?$arg && cmd$arg == /.*[lL][aA][sS][tT] */ )
		++s$messages_accepted;
	}

# The mechanisms of an AUTH line, "AUTH LOGIN PLAIN" or the old "AUTH=LOGIN PLAIN", added to those of another line.
function read_mechanisms(offered: vector of string, line: string): vector of
    string
	{
	local names = split_string(to_upper(strip(line[5:])), / +/);
	if ( |offered| == 0 )
		return names[:max_disclosed];

	local seen: set[string];
	for ( _, known in offered )
		add seen[known];
	for ( _, name in names )
		if ( name !in seen && |offered| < max_disclosed )
			{
			add seen[name];
			offered += name;
			}

	return offered;
	}

# What a server offers in reply to EHLO; the first line greets.
function read_capabilities(s: Session, lines: vector of string)
	{
	local offered: vector of string;
	s$capabilities = |lines| > 1 ? lines[1:] : vector();
	for ( _, line in s$capabilities )
		{
		if ( line != interesting )
			next;
		if ( line == /[sS].*/ )
			s$starttls_offered = T;
		else
			offered = read_mechanisms(offered, line);
		}

	if ( |offered| > 0 )
		s$mechanisms_offered = offered;
	else
		delete s$mechanisms_offered;
	}

function count_message(s: Session, cmd: Command)
	{
	if ( cmd$reply_code >= 400 )
		++s$messages_refused;
	else if ( cmd$reply_code < 300 )
		++s$messages_accepted;
	}

function disclose(cmd: Command, lines: vector of string)
	{
	if ( cmd$reply_code in disclosing )
		cmd$disclosed = |lines| > 0 ? lines : vector(cmd$reply_msg);
	}

function count_answer(s: Session, cmd: Command, lines: vector of string)
	{
	switch ( cmd$command )
		{
		case "EHLO":
			if ( cmd$reply_code == 250 )
				read_capabilities(s, lines);
			break;
		case "RCPT":
			count_recipient(s, cmd);
			break;
		case "DATA":
			count_message(s, cmd);
			break;
		case "BDAT":
			count_chunk(s, cmd);
			break;
		case "VRFY":
			disclose(cmd, lines);
			if ( cmd$reply_code == 250 || cmd$reply_code == 251 )
				++s$vrfy_confirmed;
			break;
		case "EXPN":
			disclose(cmd, lines);
			if ( cmd$reply_code == 250 )
				++s$expn_confirmed;
			break;
		case "STARTTLS", "X-ANONYMOUSTLS":
			s$starttls_code = cmd$reply_code;
			s$tls = cmd$reply_code == 220;
			break;
		}
	}

hook finalize(c: connection)
	{
	local s = c$zeeksmtp;
	# Where only one side is heard, no gap tells of the other.
	if ( ( c$orig?$num_pkts && c$orig$num_pkts == 0 )
	    || ( c$resp?$num_pkts && c$resp$num_pkts == 0 ) )
		s$gap = T;
	# A connection without a reply and without a known verb is no SMTP, whatever its port.
	if ( s$greeted || s$spoke_smtp )
		Log::write(SESSION_LOG, s);
	}

event analyzer_violation_info(atype: AllAnalyzers::Tag,
    info: AnalyzerViolationInfo) &priority=10
	{
	if ( atype == Analyzer::ANALYZER_SMTP && info?$c && info$c?$zeeksmtp )
		info$c$zeeksmtp$violation = cut(info$reason);
	}

function reason_to_disable(c: connection): string &is_used
	{
	if ( c?$smtp_state
	    && SMTP::max_invalid_mail_transactions > 0
	    && c$smtp_state$invalid_transactions > SMTP::max_invalid_mail_transactions )
		return "smtp_excessive_invalid_mail_transactions";
	return c$zeeksmtp$violation == "" ? "disabled by a script" :
	    c$zeeksmtp$violation;
	}

# Last of all, because another handler may still forbid it.
hook Analyzer::disabling_analyzer(c: connection, atype: AllAnalyzers::Tag,
    aid: count) &priority=-1000
	{
	if ( atype == Analyzer::ANALYZER_SMTP && c?$zeeksmtp && ! c$zeeksmtp$tls )
		c$zeeksmtp$analyzer_disabled = reason_to_disable(c);
	}
