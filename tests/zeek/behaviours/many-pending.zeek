# @TEST-DOC: More pipelined commands than max_pending: memory stays bounded and replies stay with their commands.
# @TEST-EXEC: zeek -b -C -r $TRACES/many_pending.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output

redef ZeekSMTP::max_pending = 8;
