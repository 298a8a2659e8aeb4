# @TEST-DOC: AUTH LOGIN in lower case: the user is logged, of the password the length.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_login.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
