# @TEST-DOC: X-EXPS is an AUTH of another name: its lines are secrets too.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_of_another_name.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
