# @TEST-DOC: Zeek stops at a reply without a code, and the session says why.
# @TEST-EXEC: zeek -b -C -r $TRACES/violation.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
