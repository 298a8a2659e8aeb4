# @TEST-DOC: Every string is cut, no UTF-8 character in half, capabilities end at max_disclosed.
# @TEST-EXEC: zeek -b -C -r $TRACES/long_fields.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output

redef ZeekSMTP::max_field_bytes = 64;
redef ZeekSMTP::max_disclosed = 10;
