# @TEST-DOC: The line with the user is missing: the password is not taken for it.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_user_lost.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
