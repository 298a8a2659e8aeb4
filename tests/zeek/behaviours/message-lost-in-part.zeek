# @TEST-DOC: Part of a message is missing: the reply behind it is still the reply to DATA.
# @TEST-EXEC: zeek -b -C -r $TRACES/message_lost_in_part.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
