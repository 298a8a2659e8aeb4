##! Reads NTLM messages (MS-NLMP): who logs in, and which names the server gives away before anybody has.

@load ./credentials

module ZeekSMTP;

const ntlm_signature = "NTLMSSP";

# Where the type 3 message (AUTHENTICATE) holds the descriptors of its fields, and its least length.
const ntlm_domain = 28;
const ntlm_user = 36;
const ntlm_flags = 60;
const ntlm_authenticate_bytes = 64;
const ntlm_max_field = 1024;

# The same of the target information in the type 2 message (CHALLENGE), whose ids 1 to 5 are names of host and domain.
const ntlm_target_info = 40;
const ntlm_challenge_bytes = 48;
const ntlm_last_name = 5;
const ntlm_max_names = 5;

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

# What a descriptor refers to: length, space, offset, all little endian.
function ntlm_payload(message: string, descriptor: count): string
	{
	local length = bytestring_to_count(message[descriptor : descriptor + 2], T);
	local start = bytestring_to_count(message[descriptor + 4 : descriptor + 8], T);
	if ( length == 0 || length > ntlm_max_field || start + length > |message| )
		return "";
	return message[start : start + length];
	}

# A field of the type 3 message.
function ntlm_field(message: string, descriptor: count): string
	{
	local value = ntlm_payload(message, descriptor);
	local unicode = bytestring_to_count(message[ntlm_flags : ntlm_flags + 1], T) % 2 == 1;
	return unicode ? utf16_to_utf8(value) : value;
	}

function read_ntlm(a: AuthState, message: string)
	{
	if ( ! starts_with(message, ntlm_signature) )
		{
		read_unknown(a, message);
		return;
		}

	if ( |message| < ntlm_authenticate_bytes
	    || bytestring_to_count(message[8:12], T) != 3 )
		return;

	note_kind(a, "hash");
	local domain = ntlm_field(message, ntlm_domain);
	local user = ntlm_field(message, ntlm_user);
	note_user(a, domain == "" ? user : domain + "\\" + user);
	}

# Reads the names in the target information of the server's challenge, a list of pairs: id, length, value in UTF-16.
function read_ntlm_challenge(a: AuthInfo, message: string)
	{
	if ( |message| < ntlm_challenge_bytes
	    || bytestring_to_count(message[8:12], T) != 2 )
		return;

	local pairs = ntlm_payload(message, ntlm_target_info);
	local names: vector of string;
	local at = 0;
	while ( at + 4 <= |pairs| )
		{
		local id = bytestring_to_count(pairs[at : at + 2], T);
		local end = at + 4 + bytestring_to_count(pairs[at + 2 : at + 4], T);
		if ( id == 0 || end > |pairs| || |names| >= ntlm_max_names )
			break;

		local name = id <= ntlm_last_name ? utf16_to_utf8(pairs[at + 4 : end]) : "";
		if ( name != "" && name == printable )
			names += cut(name);
		at = end;
		}

	if ( |names| > 0 )
		a$server_names = names;
	}
