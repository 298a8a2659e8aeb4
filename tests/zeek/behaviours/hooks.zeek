# @TEST-DOC: Each log has a policy hook that can refuse a line, and an event.
# @TEST-EXEC: zeek -b -C -r $TRACES/auth_several.pcap $PACKAGE %INPUT > events
# @TEST-EXEC: cat events > output; show-logs >> output
# @TEST-EXEC: btest-diff output

hook ZeekSMTP::log_policy_cmd(rec: ZeekSMTP::CmdInfo, id: Log::ID, filter: Log::Filter)
	{
	if ( rec$command != "AUTH" )
		break;
	}

hook ZeekSMTP::log_policy_auth(rec: ZeekSMTP::AuthInfo, id: Log::ID, filter: Log::Filter)
	{
	if ( rec$outcome != "success" )
		break;
	}

hook ZeekSMTP::log_policy_session(rec: ZeekSMTP::SessionInfo, id: Log::ID, filter: Log::Filter)
	{
	break;
	}

event ZeekSMTP::log_cmd(rec: ZeekSMTP::CmdInfo)
	{
	print "command", rec$command, rec$reply_code;
	}

event ZeekSMTP::log_auth(rec: ZeekSMTP::AuthInfo)
	{
	print "exchange", rec$outcome;
	}

event ZeekSMTP::log_session(rec: ZeekSMTP::SessionInfo)
	{
	print "session", rec$commands;
	}
