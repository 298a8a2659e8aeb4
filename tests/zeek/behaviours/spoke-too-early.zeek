# @TEST-DOC: Pipelining and the dialect of a client that does not wait for the greeting.
# @TEST-EXEC: zeek -b -C -r $TRACES/spoke_too_early.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
