# @TEST-DOC: A line that is seen after its 235 is no command, and replies stay with their commands.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_answered_before_line.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
