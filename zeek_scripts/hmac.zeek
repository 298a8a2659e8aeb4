##! HMAC-SHA-256 (RFC 2104): Zeek has a function for HMAC with MD5 only, whose key is its own.

module ZeekSMTP;

# Bytes of a block of SHA-256.
const hmac_block_bytes = 64;
const hmac_inner_byte = 0x36;
const hmac_outer_byte = 0x5c;

# The pads of one key, which serve until another is used.
type HMACPads: record {
	key: string &default="";
	inner: string &default="";
	outer: string &default="";
};

global hmac_pads = HMACPads();

function hmac_pad(key: string, pad_byte: count): string
	{
	local hex = "";
	local at = 0;
	while ( at < hmac_block_bytes )
		{
		local byte = at < |key| ? bytestring_to_count(key[at]) : 0;
		hex += fmt("%02x", byte ^ pad_byte);
		++at;
		}

	return hexstr_to_bytestring(hex);
	}

function set_hmac_pads(key: string)
	{
	local block = |key| > hmac_block_bytes ? hexstr_to_bytestring(sha256_hash(key)) :
	    key;
	hmac_pads = HMACPads($key=key, $inner=hmac_pad(block, hmac_inner_byte),
	    $outer=hmac_pad(block, hmac_outer_byte));
	}

# Returns the HMAC of a text in hexadecimal.
function hmac_sha256(key: string, text: string): string
	{
	if ( hmac_pads$inner == "" || hmac_pads$key != key )
		set_hmac_pads(key);

	return sha256_hash(hmac_pads$outer, hexstr_to_bytestring(sha256_hash(
	    hmac_pads$inner, text)));
	}
