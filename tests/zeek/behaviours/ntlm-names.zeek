# @TEST-DOC: Names of host and domain in the challenge of NTLM; a challenge that breaks off has none.
# @TEST-EXEC: zeek -b -C -r $TRACES/ntlm_names.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
