##! Reads who logs in out of the client's lines, one function per SASL mechanism, and what kind of secret went by.
##! RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5), RFC 2831 (DIGEST-MD5), RFC 5802 (SCRAM), RFC 7628 (OAUTHBEARER),
##! RFC 4505 (ANONYMOUS), RFC 4422 (EXTERNAL), draft-murchison-sasl-login (LOGIN).

@load ./state
@load ./redact
@load ./credentials
@load ./hmac
@load ./ntlm

module ZeekSMTP;

export {
	## Mechanisms that are written in any case; names that are not among them have to look like one.
	const known_mechanisms = set("9798-U-RSA-SHA1-ENC", "ANONYMOUS", "CRAM-MD5",
	    "DIGEST-MD5", "EXTERNAL", "GS2-IAKERB", "GS2-KRB5", "GSS-SPNEGO",
	    "GSSAPI", "KERBEROS_V4", "KERBEROS_V5", "LOGIN", "NTLM",
	    "OAUTHBEARER", "OTP", "PLAIN", "PLAIN-CLIENTTOKEN", "SCRAM-SHA-1",
	    "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
	    "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS", "SECURID", "SKEY", "SRP",
	    "XOAUTH", "XOAUTH2", "XYMCOOKIE") &redef;
}

const tickets = set("GS2-IAKERB", "GS2-KRB5", "GSS-SPNEGO", "GSSAPI",
    "KERBEROS_V4", "KERBEROS_V5");

# Gives a mechanism's name as it may be shown: a client that forgets the mechanism sends a secret in its place.
function mechanism_name(word: string): string
	{
	if ( |word| > 20 )
		return hidden;

	local name = to_upper(word);
	if ( name in known_mechanisms
	    || word == /[A-Z0-9_-]*[A-Z][A-Z0-9_-]*|[a-z_-]*/ )
		return name;
	return hidden;
	}

# Hex digits of an HMAC that are logged.
const secret_hash_digits = 16;

function note_password(s: State, a: AuthState, password: string)
	{
	note_kind(a, "password");
	a$info$secret_length = |password|;
	remember_secret(s, password);
	if ( site_secret != "" )
		a$info$secret_hash = hmac_sha256(site_secret, password)[:secret_hash_digits];
	if ( capture_password )
		a$info$password = cut(password);
	}

function read_plain(s: State, a: AuthState, text: string)
	{
	if ( text == "" )
		return;

	local parts = split_string(text, /\x00/);
	if ( |parts| != 3 || parts[0] != printable || parts[1] != printable )
		{
		note_kind(a, "undecodable");
		return;
		}

	note_authzid(a, parts[0]);
	note_user(a, parts[1]);
	note_password(s, a, parts[2]);
	}

# Which field a LOGIN line is: order decides, the prompt where lines may be missing.
function is_login_user(a: AuthState): bool
	{
	local in_step = a$challenges == a$responses;
	local asks_password = /pass/ in a$prompt && /user|name|login/ !in a$prompt;
	if ( a$gap )
		return in_step && /user|name|login/ in a$prompt;
	if ( a$fields == 0 && in_step && a$challenges > 0 )
		return ! asks_password;
	return a$fields == 0;
	}

function read_login(s: State, a: AuthState, text: string)
	{
	if ( is_login_user(a) )
		{
		a$fields = 1;
		if ( text == printable )
			note_user(a, text);
		else
			note_kind(a, "undecodable");
		}
	else if ( a$fields < 2 )
		{
		a$fields = 2;
		note_password(s, a, text);
		}
	}

function read_cram_md5(a: AuthState, text: string)
	{
	note_kind(a, "hash");
	if ( text == /.+ [0-9a-fA-F]{32}/ )
		note_user(a, text[: |text| - 33]);
	}

# Value of an attribute of DIGEST-MD5, quotes taken off.
function digest_value(text: string, name: string): string
	{
	local found = match_pattern("," + text, name == "username" ?
	    /[, \t\r\n]username *= *(\"([^\"\\]|\\.)*\"|[^,\" ]*)/ :
	    /[, \t\r\n]authzid *= *(\"([^\"\\]|\\.)*\"|[^,\" ]*)/);
	if ( ! found$matched )
		return "";
	local value = sub(found$str, /^[^=]*= */, "");
	return gsub(gsub(value, /^\"|\"$/, ""), /\\/, "");
	}

function read_digest_md5(a: AuthState, text: string)
	{
	if ( text == "" )
		return;

	note_kind(a, "hash");
	local user = digest_value(text, "username");
	if ( user != "" )
		note_user(a, user);
	note_authzid(a, digest_value(text, "authzid"));
	}

# The name of SCRAM and OAUTHBEARER: commas and equal signs are written =2C and =3D.
function saslname(value: string): string
	{
	return gsub(gsub(value, /=2[cC]/, ","), /=3[dD]/, "=");
	}

# Value of an attribute such as "n=" in a comma separated list, "" without one.
function attribute(parts: vector of string, name: string): string
	{
	for ( _, part in parts )
		if ( starts_with(part, name) )
			return saslname(part[|name| :]);
	return "";
	}

function read_scram(a: AuthState, text: string)
	{
	local parts = split_string(text, /,/);
	if ( text == /c=.*,p=.*/ )
		note_kind(a, "hash");
	else if ( |parts| >= 4
	    && parts[0] == /n|y|p=.*/
	    && starts_with(parts[2], "n=") )
		{
		note_authzid(a, attribute(vector(parts[1]), "a="));
		note_user(a, saslname(parts[2][2:]));
		}
	}

function read_oauth(a: AuthState, text: string)
	{
	local parts = split_string(text, /\x01/);
	for ( _, part in parts )
		{
		if ( part == /auth=.+/ )
			note_kind(a, "token");
		else if ( starts_with(part, "user=") )
			note_user(a, part[5:]);
		else if ( part == /[nyp][^\x01]*,(a=)?[^,]*,/ )
			{
			local user = attribute(split_string(part, /,/), "a=");
			if ( user != "" )
				note_user(a, user);
			}
		}
	}

function read_ticket(a: AuthState, text: string)
	{
	if ( text == "" )
		return;
	if ( starts_with(text, "NTLMSSP") )
		read_ntlm(a, text);
	else
		note_kind(a, "ticket");
	}

# Mechanisms that share a reader.
function family(mechanism: string): string
	{
	if ( starts_with(mechanism, "SCRAM-") )
		return "SCRAM";
	return mechanism in tickets ? "TICKET" : mechanism;
	}

# Takes one client line of an exchange, as sent and without its end, and fills the fields of the exchange.
function sasl_step(s: State, a: AuthState, line: string)
	{
	line = strip(line);
	remember_secret(s, line);
	local decoded = decode(line);
	if ( |decoded| == 0 )
		{
		++a$fields;
		note_kind(a, "undecodable");
		return;
		}

	local text = decoded[0];
	switch ( family(a$info$mechanism) )
		{
		case "PLAIN":
			read_plain(s, a, text);
			break;
		case "LOGIN":
			read_login(s, a, text);
			break;
		case "CRAM-MD5":
			read_cram_md5(a, text);
			break;
		case "DIGEST-MD5":
			read_digest_md5(a, text);
			break;
		case "NTLM":
			read_ntlm(a, text);
			break;
		case "SCRAM":
			read_scram(a, text);
			break;
		case "XOAUTH2", "OAUTHBEARER":
			read_oauth(a, text);
			break;
		case "TICKET":
			read_ticket(a, text);
			break;
		case "EXTERNAL":
			note_authzid(a, text);
			break;
		case "ANONYMOUS":
			note_user(a, text);
			break;
		default:
			read_unknown(a, text);
			break;
		}
	}
