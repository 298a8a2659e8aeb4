# @TEST-DOC: A connection writes max_lines lines, counts the rest, and raises one weird.
# @TEST-EXEC: zeek -b -C -r $TRACES/names.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: zeek-cut name addl source < weird.log >> output
# @TEST-EXEC: btest-diff output

redef ZeekSMTP::max_lines = 3;
