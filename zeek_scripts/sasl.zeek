##! Reads who logs in out of the client's lines, one function per SASL mechanism, and what kind of secret went by.
##! RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5), RFC 2831 (DIGEST-MD5), RFC 5802 (SCRAM), RFC 7628 (OAUTHBEARER),
##! RFC 4505 (ANONYMOUS), RFC 4422 (EXTERNAL), MS-NLMP (NTLM), draft-murchison-sasl-login (LOGIN).

@load ./main
@load ./redact

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

	## Gives a mechanism's name as it may be shown: a client that forgets the mechanism sends a secret in its place.
	##
	## word: What stands behind AUTH.
	##
	## Returns: the name in upper case, or :zeek:see:`ZeekSMTP::hidden`.
	global mechanism_name: function(word: string): string;

	## Takes one client line of an exchange.
	##
	## s: The session.
	##
	## a: The exchange, whose fields are filled.
	##
	## line: The line as sent, without its end.
	global sasl_step: function(s: Session, a: Auth, line: string);

	## Decodes base64 without ever handing an invalid text to the decoder, which would quote it in reporter.log.
	##
	## line: The text; missing padding is forgiven.
	##
	## Returns: one element, or none where the text is not base64.
	global decode: function(line: string): vector of string;
}

# A line of printable UTF-8: what is none is no name of a user.
const printable = /([\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf][\x80-\xbf][\x80-\xbf])*/;
const tickets = set("GS2-IAKERB", "GS2-KRB5", "GSS-SPNEGO", "GSSAPI",
    "KERBEROS_V4", "KERBEROS_V5");

# NTLM: where the type 3 message (AUTHENTICATE) holds the descriptors of its fields, and its least length.
const ntlm_domain = 28;
const ntlm_user = 36;
const ntlm_flags = 60;
const ntlm_least = 64;
const ntlm_max_field = 1024;

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

function decode(line: string): vector of string
	{
	if ( |line| > max_secret_bytes || line != /[A-Za-z0-9+\/]*={0,2}/ )
		return vector();

	local rest = |line| % 4;
	if ( rest == 0 )
		return vector(decode_base64(line));
	if ( rest == 1 || "=" in line )
		return vector();
	return vector(decode_base64(line + ( rest == 2 ? "==" : "=" )));
	}

# Sets the kind unless a clearer one is known already.
function note_kind(a: Auth, kind: string)
	{
	if ( a$secret_kind == "none" || a$secret_kind == "undecodable" )
		a$secret_kind = kind;
	if ( kind != "none" )
		a$secret_sent = T;
	}

function note_user(a: Auth, user: string)
	{
	if ( user == printable )
		a$user = cut(user);
	}

function note_authzid(a: Auth, authzid: string)
	{
	if ( authzid != "" && authzid == printable )
		a$authzid = cut(authzid);
	}

function note_password(s: Session, a: Auth, password: string)
	{
	note_kind(a, "password");
	a$secret_length = |password|;
	remember_secret(s, password);
	if ( site_secret != "" )
		a$secret_hash = sha256_hash(site_secret, password)[:16];
	if ( capture_password )
		a$password = cut(password);
	}

function read_unknown(a: Auth, text: string)
	{
	if ( text != "" )
		note_kind(a, "undecodable");
	}

function read_plain(s: Session, a: Auth, text: string)
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
function is_login_user(a: Auth): bool
	{
	local in_step = a$challenges == a$responses;
	local asks_password = /pass/ in a$prompt && /user|name|login/ !in a$prompt;
	if ( a$gap )
		return in_step && /user|name|login/ in a$prompt;
	if ( a$fields == 0 && in_step && a$challenges > 0 )
		return ! asks_password;
	return a$fields == 0;
	}

function read_login(s: Session, a: Auth, text: string)
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

function read_cram_md5(a: Auth, text: string)
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

function read_digest_md5(a: Auth, text: string)
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

function read_scram(a: Auth, text: string)
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

function read_oauth(a: Auth, text: string)
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

# A UTF-8 text in hexadecimal for one code point.
function utf8_hex(point: count): string
	{
	if ( point < 0x80 )
		return fmt("%02x", point);
	if ( point < 0x800 )
		return fmt("%02x%02x", 0xc0 + point / 64, 0x80 + point % 64);
	if ( point < 0x10000 )
		return fmt("%02x%02x%02x", 0xe0 + point / 4096, 0x80 + point / 64 % 64, 0x80 +
		    point % 64);
	return fmt("%02x%02x%02x%02x", 0xf0 + point / 262144, 0x80 + point / 4096 % 64,
	    0x80 + point / 64 % 64, 0x80 + point % 64);
	}

# UTF-16, little endian, to UTF-8. Half a pair of surrogates gives what is no UTF-8, and so no name.
function utf16_to_utf8(text: string): string
	{
	local hex = "";
	local high = 0;
	local at = 0;
	while ( at + 1 < |text| )
		{
		local unit = bytestring_to_count(text[at : at + 2], T);
		at += 2;
		if ( unit >= 0xd800 && unit < 0xdc00 )
			high = unit;
		else if ( unit >= 0xdc00 && unit < 0xe000 && high > 0 )
			{
			hex += utf8_hex(0x10000 + ( high - 0xd800 ) * 0x400 + unit - 0xdc00);
			high = 0;
			}
		else
			hex += utf8_hex(unit);
		}

	return hexstr_to_bytestring(hex);
	}

# A field of the NTLM type 3 message: length, space, offset, all little endian.
function ntlm_field(message: string, descriptor: count): string
	{
	local length = bytestring_to_count(message[descriptor : descriptor + 2], T);
	local start = bytestring_to_count(message[descriptor + 4 : descriptor + 8], T);
	if ( length == 0 || length > ntlm_max_field || start + length > |message| )
		return "";

	local value = message[start : start + length];
	local unicode = bytestring_to_count(message[ntlm_flags : ntlm_flags + 1], T) % 2 == 1;
	return unicode ? utf16_to_utf8(value) : value;
	}

function read_ntlm(a: Auth, message: string)
	{
	if ( ! starts_with(message, "NTLMSSP") )
		{
		read_unknown(a, message);
		return;
		}

	if ( |message| < ntlm_least || bytestring_to_count(message[8:12], T) != 3 )
		return;

	note_kind(a, "hash");
	local domain = ntlm_field(message, ntlm_domain);
	local user = ntlm_field(message, ntlm_user);
	note_user(a, domain == "" ? user : domain + "\\" + user);
	}

function read_ticket(a: Auth, text: string)
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

function sasl_step(s: Session, a: Auth, line: string)
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
	switch ( family(a$mechanism) )
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
