# @TEST-DOC: AUTH LOGIN with both lines before the first 334, then a pipelined message that the analyzer takes for commands.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_pipelined.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
