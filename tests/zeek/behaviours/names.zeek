# @TEST-DOC: VRFY, EXPN and RCPT with what their replies disclose and how they count.
# @TEST-EXEC: zeek -b -C -r $TRACES/names.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
