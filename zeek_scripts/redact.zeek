##! What may be written down. Secrets reach the scripts as arguments of AUTH, as SASL responses, as "unknown commands"
##! where the analyzer has lost its way, and as echoes in the replies of servers that quote what they did not understand.

@load ./state

module ZeekSMTP;

export {
	## Verbs that the analyzer does not know and that are shown even where a line may be a secret.
	const harmless_verbs = set("ATRN", "BURL", "CONNECT", "DEBUG", "GET", "HEAD",
	    "HELO:", "LHLO", "MAIL:", "ONEX", "OPTIONS", "PASS", "POST",
	    "PROXY", "PUT", "RCPT:", "USER", "VERB", "WIZ", "X-EXPS",
	    "X-LINK2STATE", "XADR", "XCLIENT", "XEXCH50", "XEXPS", "XFORWARD",
	    "XQUE", "XSTA", "XTRN") &redef;
}

# Verbs that the analyzer knows.
const known_verbs = set("AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO",
    "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "SAML", "SEND", "SOML",
    "STARTTLS", "TURN", "VRFY", "X-ANONYMOUSTLS");
const max_verb_bytes = 20;

# What stands for a line that may be a secret.
const hidden = "**";

# How much of a line is searched for, how many lines, and the length below which a match would mean nothing.
const secret_bytes = 8;
const max_secrets = 8;
const min_secret_bytes = 4;

# A verb is written in one case; base64 of a text hardly ever is.
const verb_shape =
    /[A-Z][A-Z0-9:_-]{0,19}|[a-z][a-z:_-]{0,19}|[A-Z][a-z:-]{0,19}/;

# Gives an unknown verb as it may be shown. Anything may be a secret where an AUTH was seen, where content was missed and
# where the server is not heard; else a word that is written like a verb is one.
function shown_verb(s: State, word: string): string
	{
	if ( |word| <= max_verb_bytes && to_upper(word) in harmless_verbs )
		return word;
	if ( s$session$auth_attempts > 0 || s$session$gap || ! s$greeted )
		return hidden;
	if ( word == "" || word == verb_shape )
		return word;
	return hidden;
	}

# Remembers how a secret line, or a part of one, begins, so that no reply brings it back.
function remember_secret(s: State, line: string)
	{
	if ( |line| < min_secret_bytes )
		return;
	if ( |s$secrets| >= max_secrets )
		s$secrets = s$secrets[1:];

	s$secrets += to_lower(line[:secret_bytes]);
	}

# Ends a reply's text where it begins to repeat a secret line.
function scrub(s: State, text: string): string
	{
	local lower = to_lower(text);
	for ( _, secret in s$secrets )
		{
		local at = strstr(lower, secret);
		if ( at > 0 )
			return text[: at - 1] + hidden;
		}

	return text;
	}

# Ends a reply's text behind the unknown verb that it repeats.
function scrub_echo(verb: string, text: string): string
	{
	if ( verb == hidden )
		return hidden;

	local at = verb == "" ? 0 : strstr(to_lower(text), to_lower(verb));
	return at == 0 ? text : text[: at - 1 + |verb|];
	}
