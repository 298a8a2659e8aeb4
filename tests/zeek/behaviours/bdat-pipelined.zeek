# @TEST-DOC: Pipelined chunks that hold AUTH lines: all commands are seen, and no AUTH.
# @TEST-EXEC: zeek -b -C -r $TRACES/bdat_pipelined.pcap $PACKAGE %INPUT
# @TEST-EXEC: test ! -e smtp_auth.log
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
