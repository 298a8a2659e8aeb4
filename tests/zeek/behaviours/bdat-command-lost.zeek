# @TEST-DOC: BDAT itself lost: an AUTH that nobody answers as AUTH is none.
# @TEST-EXEC: zeek -b -C -r $TRACES/bdat_command_lost.pcap $PACKAGE %INPUT
# @TEST-EXEC: test ! -e smtp_auth.log
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
