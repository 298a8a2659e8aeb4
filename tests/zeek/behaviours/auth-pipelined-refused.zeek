# @TEST-DOC: The server refuses a pipelined AUTH and quotes the lines behind it: they are commands without text.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_pipelined_refused.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
