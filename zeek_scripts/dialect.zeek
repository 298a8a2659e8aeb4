##! How a client speaks, whatever it says: the verbs in the order of first use, each with ``*`` if it was pipelined and
##! the form of its argument. Hosts that run the same program share it.

@load ./state

module ZeekSMTP;

# How senders, recipients and host names are mostly written.
const plain_sender = /FROM:<[^<>]*>/;
const plain_sized_sender = /FROM:<[^<>]*> SIZE=.*/;
const plain_recipient = /TO:<[^<>]*>/;
const domain_name = /([A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*\.?/;

# How else a sender or a recipient may be written, and the first parameter behind it.
const path_form = /[A-Za-z]{2,4}[ \t]*:[ \t]*<?/;
const max_path_form_bytes = 8;
const first_parameter =
    /> +([sS][iI][zZ][eE]|[bB][oO][dD][yY]|[rR][eE][tT]|[aA][uU][tT][hH])=/;

# Hex digits of a dialect's hash.
const dialect_digits = 12;

function path_dialect(arg: string): string
	{
	local at = strstr(arg, "<");
	if ( at == 0 )
		at = strstr(arg, ":");
	local form = at == 0 || at > max_path_form_bytes ? "" : arg[:at];
	if ( form != path_form )
		form = "other";

	local parameter = match_pattern(arg, first_parameter);
	return parameter$matched ? form + " " + strip(parameter$str[1 : -1]) : form;
	}

function name_dialect(name: string): string
	{
	if ( name == domain_name )
		return " fqdn";
	if ( name == /\[[0-9.]+\]/ )
		return " [ipv4]";
	if ( name == /\[[iI][pP][vV]6:.*/ )
		return " [ipv6]";
	if ( name == /[0-9.]+/ )
		return " ipv4";
	return name == /[A-Za-z0-9_-]+/ ? " label" : " other";
	}

function sender_dialect(arg: string): string
	{
	if ( arg == plain_sender )
		return " FROM:<";
	return arg == plain_sized_sender ? " FROM:< SIZE" : " " + path_dialect(arg);
	}

# The form of an argument, behind a blank.
function form_of(verb: string, arg: string): string
	{
	switch ( verb )
		{
		case "EHLO", "HELO":
			return name_dialect(arg);
		case "MAIL":
			return sender_dialect(arg);
		case "RCPT":
			return arg == plain_recipient ? " TO:<" : " " + path_dialect(arg);
		case "AUTH":
			return " " + arg;
		}

	return "";
	}

# Adds a command whose verb is new in the connection.
function add_dialect(s: State, info: CmdInfo)
	{
	local form = info?$arg ? form_of(info$command, info$arg) : "";
	s$dialect += "," + info$command + ( info$pipelined ? "*" : "" ) + form;
	}

# Sets the columns of a session that ends. Half a dialect would be another one.
function end_dialect(s: State)
	{
	if ( s$dialect == "" || s$session$gap )
		return;

	local raw = s$dialect[1:];
	s$session$dialect_raw = raw;
	s$session$dialect = sha256_hash(raw)[:dialect_digits];
	}
