##! Notices for sites that alert live: a login in clear, and a client that asks for names. Not loaded by default.

@load base/frameworks/notice
@load ./main
@load ./requests

module ZeekSMTP;

export {
	redef enum Notice::Type += {
		## A client logged in over SMTP without TLS, so that whoever listens has the credentials.
		Cleartext_Credentials,
		## A client asked a server for names by VRFY or EXPN.
		VRFY_EXPN,
	};

	## Kinds of secrets that are worth a notice.
	option notice_kinds = set("password", "token", "hash");

	## VRFY and EXPN commands of one connection that are worth a notice. From 1.
	option notice_questions = 5;
}

event ZeekSMTP::log_auth(rec: AuthInfo)
	{
	if ( rec$secret_kind !in notice_kinds )
		return;

	local who = rec?$user ? rec$user : "someone";
	NOTICE(Notice::Info($note=Cleartext_Credentials, $id=rec$id, $uid=rec$uid,
	    $msg=fmt("%s sent credentials of %s to %s in clear", rec$id$orig_h,
	    clean(who), rec$id$resp_h), $sub=fmt("%s, %s", rec$mechanism,
	    rec$outcome), $identifier=cat_sep("\t", "", rec$id$orig_h,
	    rec$id$resp_h, who)));
	}

event smtp_request(c: connection, is_orig: bool, command: string, arg: string)
    &priority=-1
	{
	if ( ( command != "VRFY" && command != "EXPN" ) || ! c?$zeeksmtp )
		return;

	local session = c$zeeksmtp$session;
	if ( session$vrfy + session$expn != notice_questions )
		return;

	NOTICE(Notice::Info($note=VRFY_EXPN, $conn=c, $msg=fmt(
	    "%s asked %s for %d names", c$id$orig_h, c$id$resp_h,
	    notice_questions), $identifier=cat_sep("\t", "", c$id$orig_h,
	    c$id$resp_h)));
	}
