# @TEST-DOC: A chunk lost in part, whose rest the analyzer takes for commands.
# @TEST-EXEC: zeek -b -C -r $TRACES/bdat_lost_in_part.pcap $PACKAGE %INPUT
# @TEST-EXEC: test ! -e smtp_auth.log
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
