# @TEST-DOC: Only the client is heard: exchange and commands without replies.
# @TEST-EXEC: zeek -b -C -r $TRACES/one_sided_client.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
