# @TEST-DOC: A BDAT that servers read and the analyzer does not; a refused login behind it is still written.
# @TEST-EXEC: zeek -b -C -r $TRACES/bdat_of_other_syntax.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
