# @TEST-DOC: Cancelled, wrong, with the user in the command, right, and one too many: five exchanges in one connection.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_several.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
