# @TEST-DOC: HMAC-SHA-256 gives the test vectors of RFC 4231, section 4 (the fifth, which is cut, aside).
# @TEST-EXEC: zeek -b $PACKAGE %INPUT > output
# @TEST-EXEC: btest-diff output

module ZeekSMTP;

function repeated(hex: string, times: count): string
	{
	local all = "";
	while ( times > 0 )
		{
		all += hex;
		--times;
		}

	return hexstr_to_bytestring(all);
	}

function check(key: string, text: string, expected: string)
	{
	print hmac_sha256(key, text) == expected;
	}

event zeek_init()
	{
	check(repeated("0b", 20), "Hi There",
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check("Jefe", "what do ya want for nothing?",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	check(repeated("aa", 20), repeated("dd", 50),
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	check(hexstr_to_bytestring("0102030405060708090a0b0c0d0e0f10111213141516171819"),
	    repeated("cd", 50),
	    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	check(repeated("aa", 131), "Test Using Larger Than Block-Size Key - Hash Key First",
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	check(repeated("aa", 131), "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
	}
