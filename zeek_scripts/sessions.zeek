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
	## cmd: The command with its reply.
	global count_answer: function(s: Session, cmd: Command);

	## Takes what a server offers in reply to EHLO.
	##
	## s: The session.
	##
	## lines: The reply's lines; the first one greets.
	global read_capabilities: function(s: Session, lines: vector of string);
}

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

function count_answer(s: Session, cmd: Command)
	{
	switch ( cmd$command )
		{
		case "RCPT":
			count_recipient(s, cmd);
			break;
		case "DATA":
			if ( cmd$reply_code >= 400 )
				++s$messages_refused;
			else if ( cmd$reply_code < 300 )
				++s$messages_accepted;
			break;
		case "BDAT":
			count_chunk(s, cmd);
			break;
		case "VRFY":
			if ( cmd$reply_code == 250 || cmd$reply_code == 251 )
				++s$vrfy_confirmed;
			break;
		case "EXPN":
			if ( cmd$reply_code == 250 )
				++s$expn_confirmed;
			break;
		case "STARTTLS", "X-ANONYMOUSTLS":
			s$starttls_code = cmd$reply_code;
			s$tls = cmd$reply_code == 220;
			break;
		}
	}

# The mechanisms of an AUTH line, "AUTH LOGIN PLAIN" or the old "AUTH=LOGIN PLAIN", without repeating any.
function read_mechanisms(offered: vector of string, line: string)
	{
	local names = split_string(to_upper(strip(line[5:])), /[ \t]+/);
	local seen: set[string];
	for ( _, known in offered )
		add seen[known];
	for ( _, name in names )
		if ( name != "" && name !in seen )
			{
			add seen[name];
			offered += cut(name);
			}
	}

function read_capabilities(s: Session, lines: vector of string)
	{
	local offered: vector of string;
	for ( i, line in lines )
		if ( i > 0 )
			{
			if ( line == /[aA][uU][tT][hH][ =].*/ )
				read_mechanisms(offered, line);
			else if ( line == /[sS][tT][aA][rR][tT][tT][lL][sS] */ )
				s$starttls_offered = T;
			}

	s$capabilities = |lines| > 1 ? lines[1:] : vector();
	if ( |offered| > 0 )
		s$mechanisms_offered = offered;
	else
		delete s$mechanisms_offered;
	}

hook finalize(c: connection)
	{
	local s = c$zeeksmtp;
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

function reason_to_disable(c: connection): string
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
