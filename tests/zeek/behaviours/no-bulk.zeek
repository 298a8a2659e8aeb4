# @TEST-DOC: Without log_bulk accepted MAIL, RCPT and DATA are counted and not written.
# @TEST-EXEC: zeek -b -C -r $TRACES/messages.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output

redef ZeekSMTP::log_bulk = F;
