##! Counts what a connection does and writes its line when it ends.

@load ./state
@load ./pending
@load ./dialect

module ZeekSMTP;

# Capabilities that tell how to log in and how to be private.
const interesting = /[aA][uU][tT][hH][ =].*|[sS][tT][aA][rR][tT][tT][lL][sS] */;

# Codes whose lines name somebody.
const disclosing = set(250, 251, 551, 553);

# Refusals of a recipient that do not speak of the name, and those that do although they contain such a word.
const policy_words = /relay|denied|prohibit|not permitted|not allowed|block|spam|policy|reject.*sender|access/;
const unknown_words = /unknown|no such|not found|does ?n.t exist|undeliverable|invalid (mailbox|recipient|address)|no mailbox/;

# Refused because there is no such user: 5.1.x, or 550, 551, 553 without a status and without another reason.
function is_unknown_user(info: CmdInfo): bool
	{
	if ( info$reply_code < 500 )
		return F;
	if ( info?$reply_status )
		return info$reply_status == /5\.1\.[0-9]+|5\.4\.1/;
	if ( info$reply_code !in set(550, 551, 553) )
		return F;

	local text = info?$reply_msg ? to_lower(info$reply_msg) : "";
	return policy_words !in text || unknown_words in text;
	}

function count_recipient(session: SessionInfo, info: CmdInfo)
	{
	if ( info$reply_code < 300 )
		++session$rcpt_accepted;
	else if ( is_unknown_user(info) )
		++session$rcpt_unknown;
	else
		++session$rcpt_refused;
	}

# A message of chunks ends with the LAST one; a refusal of any chunk refuses the message, once.
function count_chunk(s: State, info: CmdInfo)
	{
	if ( info$reply_code >= 400 )
		{
		if ( ! s$chunk_refused )
			++s$session$messages_refused;
		s$chunk_refused = T;
		}
	else if ( info?$arg && info$arg == /.*[lL][aA][sS][tT][ \t]*/ )
		++s$session$messages_accepted;
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
function read_capabilities(session: SessionInfo, lines: vector of string)
	{
	local offered: vector of string;
	session$capabilities = |lines| > 1 ? lines[1:] : vector();
	for ( _, line in session$capabilities )
		{
		if ( line != interesting )
			next;
		if ( line == /[sS].*/ )
			session$starttls_offered = T;
		else
			offered = read_mechanisms(offered, line);
		}

	if ( |offered| > 0 )
		session$mechanisms_offered = offered;
	else
		delete session$mechanisms_offered;
	}

function count_message(session: SessionInfo, info: CmdInfo)
	{
	if ( info$reply_code >= 400 )
		++session$messages_refused;
	else if ( info$reply_code < 300 )
		++session$messages_accepted;
	}

function disclose(info: CmdInfo, lines: vector of string)
	{
	if ( info$reply_code in disclosing )
		info$disclosed = |lines| > 0 ? lines : vector(info$reply_msg);
	}

# Counts the final reply of a command, and sets the lines that disclose names. A reply of one line has no lines.
function count_answer(s: State, info: CmdInfo, lines: vector of string)
	{
	local session = s$session;
	switch ( info$command )
		{
		case "EHLO":
			if ( info$reply_code == 250 )
				read_capabilities(session, lines);
			break;
		case "RCPT":
			count_recipient(session, info);
			break;
		case "DATA":
			count_message(session, info);
			break;
		case "BDAT":
			count_chunk(s, info);
			break;
		case "VRFY":
			disclose(info, lines);
			if ( info$reply_code == 250 || info$reply_code == 251 )
				++session$vrfy_confirmed;
			break;
		case "EXPN":
			disclose(info, lines);
			if ( info$reply_code == 250 )
				++session$expn_confirmed;
			break;
		case "STARTTLS", "X-ANONYMOUSTLS":
			session$starttls_code = info$reply_code;
			session$tls = info$reply_code == 220;
			s$unreadable = session$tls;
			break;
		}
	}

# A connection without a reply and without a known verb is no SMTP, whatever its port.
hook finalize(c: connection)
	{
	local s = c$zeeksmtp;
	local session = s$session;
	if ( ! s$greeted && session$commands == session$unknown_commands )
		return;

	# What still waits is written before the session's own line.
	give_up_all(c, s);
	# Where only one side is heard, no gap tells of the other.
	if ( ( c$orig?$num_pkts && c$orig$num_pkts == 0 )
	    || ( c$resp?$num_pkts && c$resp$num_pkts == 0 ) )
		session$gap = T;

	end_dialect(s);
	Log::write(SESSION_LOG, session);
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
	if ( atype == Analyzer::ANALYZER_SMTP
	    && c?$zeeksmtp
	    && ! c$zeeksmtp$session$tls )
		c$zeeksmtp$session$analyzer_disabled = reason_to_disable(c);
	}
