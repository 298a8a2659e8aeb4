# @TEST-DOC: The AUTH command is missing: its 334 tells that there was one.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_command_lost.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
