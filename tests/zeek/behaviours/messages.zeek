# @TEST-DOC: Messages by DATA and BDAT: accepted, refused after the last byte, refused at DATA.
# @TEST-EXEC: zeek -b -C -r $TRACES/messages.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
