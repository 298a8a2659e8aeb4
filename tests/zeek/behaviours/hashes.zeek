# @TEST-DOC: With a site_secret equal passwords have equal hashes, with capture_password they are written down.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_several.pcap $PACKAGE %INPUT
# @TEST-EXEC: show-logs > output
# @TEST-EXEC: btest-diff output

redef ZeekSMTP::site_secret = "a secret of the site";
redef ZeekSMTP::capture_password = T;
