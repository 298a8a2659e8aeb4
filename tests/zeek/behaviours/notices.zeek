# @TEST-DOC: The optional notices: credentials in clear once per user, questions for names once per connection.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_several.pcap $PACKAGE $PACKAGE/notices.zeek %INPUT
# @TEST-EXEC: zeek-cut note msg sub < notice.log > output
# @TEST-EXEC: zeek -b -C -r $TRACES/names.pcap $PACKAGE $PACKAGE/notices.zeek %INPUT
# @TEST-EXEC: zeek-cut note msg sub < notice.log >> output
# @TEST-EXEC: btest-diff output

redef ZeekSMTP::notice_questions = 3;
