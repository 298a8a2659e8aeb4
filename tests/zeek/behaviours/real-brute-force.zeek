# @TEST-DOC: hydra against Postfix: eighty guesses at one user, the last one right.
# @TEST-EXEC: zeek -b -C -r $CAPTURES/brute_force_hydra/capture.pcap $PACKAGE %INPUT
# @TEST-EXEC: zeek-cut mechanism user outcome < smtp_auth.log | sort | uniq -c | sed 's/^ *//' > output
# @TEST-EXEC: btest-diff output
