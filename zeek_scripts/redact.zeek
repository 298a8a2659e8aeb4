##! What may be written down. Secrets reach the scripts as arguments of AUTH, as SASL responses, as "unknown commands"
##! where the analyzer has lost its way, and as echoes in the replies of servers that quote what they did not understand.

@load ./main

module ZeekSMTP;

export {
	## Verbs that the analyzer knows.
	const known_verbs = set("AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO",
	    "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "SAML", "SEND",
	    "SOML", "STARTTLS", "TURN", "VRFY", "X-ANONYMOUSTLS");

	## Verbs that the analyzer does not know and that are shown even where a line may be a secret.
	const harmless_verbs = set("ATRN", "BURL", "CONNECT", "DEBUG", "GET", "HEAD",
	    "HELO:", "LHLO", "MAIL:", "ONEX", "OPTIONS", "PASS", "POST",
	    "PROXY", "PUT", "RCPT:", "USER", "VERB", "WIZ", "X-EXPS",
	    "X-LINK2STATE", "XADR", "XCLIENT", "XEXCH50", "XEXPS", "XFORWARD",
	    "XQUE", "XSTA", "XTRN") &redef;

	## What stands for a line that may be a secret.
	const hidden = "**";

	## Gives an unknown verb as it may be shown. Anything may be a secret where an AUTH was seen, where content was
	## missed and where the server is not heard; else a word that is written like a verb is one.
	##
	## s: The session.
	##
	## word: First word of the client's line.
	##
	## Returns: the word, or :zeek:see:`ZeekSMTP::hidden`.
	global shown_verb: function(s: Session, word: string): string;

	## Remembers how a secret line begins, so that no reply brings it back.
	##
	## s: The session.
	##
	## line: The client's line, or a part of one.
	global remember_secret: function(s: Session, line: string);

	## Takes out of a reply what it repeats of secret lines.
	##
	## s: The session.
	##
	## text: The reply's text.
	##
	## Returns: the text, ended where the first secret begins.
	global scrub: function(s: Session, text: string): string;

	## Takes out of a reply what follows an unknown verb that it repeats.
	##
	## verb: The verb as shown.
	##
	## text: The reply's text.
	##
	## Returns: the text up to the verb.
	global scrub_echo: function(verb: string, text: string): string;
}

# How much of a line is searched for, how many lines, and the length below which a match would mean nothing.
const secret_bytes = 8;
const max_secrets = 8;
const min_secret_bytes = 4;

# A verb is written in one case; base64 of a text hardly ever is.
const verb_shape =
    /[A-Z][A-Z0-9:_-]{0,19}|[a-z][a-z:_-]{0,19}|[A-Z][a-z:-]{0,19}/;

function shown_verb(s: Session, word: string): string
	{
	if ( |word| <= 20 && to_upper(word) in harmless_verbs )
		return word;
	if ( s$auth_attempts > 0 || s$gap || ! s$greeted )
		return hidden;
	if ( word == "" || word == verb_shape )
		return word;
	return hidden;
	}

function remember_secret(s: Session, line: string)
	{
	if ( |line| < min_secret_bytes )
		return;
	if ( |s$secrets| >= max_secrets )
		s$secrets = s$secrets[1:];

	s$secrets += to_lower(line[:secret_bytes]);
	}

function scrub(s: Session, text: string): string
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

function scrub_echo(verb: string, text: string): string
	{
	if ( verb == hidden )
		return hidden;

	local at = verb == "" ? 0 : strstr(to_lower(text), to_lower(verb));
	return at == 0 ? text : text[: at - 1 + |verb|];
	}
