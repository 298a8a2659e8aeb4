# @TEST-DOC: Verbs that the analyzer does not know do not shift replies, and no argument comes back in a reply.
# @TEST-EXEC: zeek -b -C -r $TRACES/unknown_verbs.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
