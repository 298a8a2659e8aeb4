# @TEST-DOC: Zeek stops after 26 RCPTs without MAIL, and the session says so.
# @TEST-EXEC: zeek -b -C -r $TRACES/invalid_transactions.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
