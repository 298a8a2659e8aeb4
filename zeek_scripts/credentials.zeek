##! Decodes client lines, and notes what they tell of a login, whatever the mechanism.

@load ./state

module ZeekSMTP;

# A line of printable UTF-8: what is none is no name of a user.
const printable = /([\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf][\x80-\xbf][\x80-\xbf])*/;

# Decodes base64 without ever handing an invalid text to the decoder, which would quote it in reporter.log. Missing padding
# is forgiven. Returns one element, or none where the text is no base64.
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
function note_kind(a: AuthState, kind: string)
	{
	if ( a$info$secret_kind == "none" || a$info$secret_kind == "undecodable" )
		a$info$secret_kind = kind;
	if ( kind != "none" )
		a$secret_sent = T;
	}

function note_user(a: AuthState, user: string)
	{
	if ( user == printable )
		a$info$user = cut(user);
	}

function note_authzid(a: AuthState, authzid: string)
	{
	if ( authzid != "" && authzid == printable )
		a$info$authzid = cut(authzid);
	}

function read_unknown(a: AuthState, text: string)
	{
	if ( text != "" )
		note_kind(a, "undecodable");
	}
