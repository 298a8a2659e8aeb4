# @TEST-DOC: Where the analyzer lost its way it takes a chunk for commands; none of them is written.
# @TEST-EXEC: zeek -b -C -r $TRACES/bdat_behind_pipelined_auth.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
