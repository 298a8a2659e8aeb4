##! The commands that wait for their replies. The analyzer names the command that a reply belongs to, but loses count at
##! verbs that it does not know and around AUTH, so the package keeps a queue: commands come in, replies go out in order.

@load ./state
@load ./auth

module ZeekSMTP;

# Accepted, these tell nothing that the session's counters do not.
const bulk_verbs = set("MAIL", "RCPT", "DATA");

function write_cmd(c: connection, s: State, info: CmdInfo)
	{
	if ( ! log_bulk
	    && info?$reply_code
	    && info$reply_code < 400
	    && info$command in bulk_verbs )
		return;

	if ( ++s$written <= max_lines )
		Log::write(CMD_LOG, info);
	else
		truncate(c, s, "max_lines");
	}

# Takes the oldest command out of the queue.
function pop_pending_cmd(s: State): CmdInfo
	{
	local info = s$pending[s$oldest];
	delete s$pending[s$oldest];
	++s$oldest;
	return info;
	}

# What the client sends is commands again.
function end_content(s: State)
	{
	s$content_of = 0;
	s$unreadable = s$session$tls;
	}

function begin_content(s: State, info: CmdInfo)
	{
	s$content_of = info$seq;
	s$unreadable = T;
	}

# Writes a command that gets no reply any more.
function give_up(c: connection, s: State, info: CmdInfo)
	{
	if ( info$seq == s$content_of )
		end_content(s);
	if ( s?$exchanges )
		end_auth(c, s, info);

	write_cmd(c, s, info);
	}

function give_up_all(c: connection, s: State)
	{
	while ( |s$pending| > 0 )
		give_up(c, s, pop_pending_cmd(s));
	}

# Marks a command that is sent while others wait, and makes place for it in a full queue.
function note_pipelined(c: connection, s: State, info: CmdInfo)
	{
	# Before the greeting it is not known whether the server is heard.
	info$pipelined = s$greeted;
	if ( |s$pending| < max_pending )
		return;

	# The reply of what leaves the queue is still to come, before those of all others.
	truncate(c, s, "max_pending");
	++s$owed;
	give_up(c, s, pop_pending_cmd(s));
	}

function add_pending_cmd(c: connection, s: State, info: CmdInfo)
	{
	if ( |s$pending| > 0 )
		note_pipelined(c, s, info);

	s$pending[s$next_place] = info;
	++s$next_place;
	}

# Puts commands before all that wait. There is always a place: their number is bounded, and they are answered first.
function put_first(s: State, cmds: vector of CmdInfo)
	{
	local at = |cmds|;
	while ( at > 0 )
		{
		--at;
		--s$oldest;
		s$pending[s$oldest] = cmds[at];
		}
	}

function new_cmd(s: State, verb: string, known: bool): CmdInfo
	{
	local session = s$session;
	return CmdInfo($ts=network_time(), $uid=session$uid, $id=session$id,
	    $seq=++session$commands, $command=verb, $known=known);
	}
