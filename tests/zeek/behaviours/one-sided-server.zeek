# @TEST-DOC: Only the server is heard: what it offers, and an exchange without a mechanism.
# @TEST-EXEC: zeek -b -C -r $TRACES/one_sided_server.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
