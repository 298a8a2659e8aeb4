# @TEST-DOC: A secret in place of the mechanism, quoted by the server, and lines sent after a refusal.
# @TEST-EXEC: zeek -b -C -r $TRACES/secret_without_mechanism.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
