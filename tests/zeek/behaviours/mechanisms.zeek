# @TEST-DOC: What is read out of each SASL mechanism.
# @TEST-EXEC: zeek -b -C -r $TRACES/mechanisms.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
