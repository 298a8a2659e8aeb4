# @TEST-DOC: A command behind STARTTLS in the same packet is seen, what follows the 220 is not.
# @TEST-EXEC: zeek -b -C -r $TRACES/starttls_injection.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output
