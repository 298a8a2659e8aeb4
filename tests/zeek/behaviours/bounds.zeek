# @TEST-DOC: Options are kept within their bounds, at load time and later.
# @TEST-EXEC: zeek -b $PACKAGE %INPUT > output
# @TEST-EXEC: btest-diff output

redef ZeekSMTP::max_pending = 1000000000;
redef ZeekSMTP::max_field_bytes = 1;

event zeek_init() &priority=-10
	{
	print ZeekSMTP::max_pending, ZeekSMTP::max_field_bytes, ZeekSMTP::max_lines;
	Option::set("ZeekSMTP::max_lines", 0);
	print ZeekSMTP::max_lines;
	}
