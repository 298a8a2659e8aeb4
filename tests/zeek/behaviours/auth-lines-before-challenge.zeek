# @TEST-DOC: A sensor that sees a line before its 334 does not take the password for the user.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_lines_before_challenge.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
