##! Everything else that an operator may load around SMTP: more logs, every weird logged, no sampling.

@load base/frameworks/notice/weird
@load policy/protocols/smtp/software
@load policy/protocols/smtp/entities-excerpt
@load policy/misc/weird-stats
@load policy/frameworks/software/vulnerable

redef Weird::sampling_threshold = 1000000;
redef SMTP::default_entity_excerpt_len = 0;

# A handler of the analyzer's complaints makes Zeek raise all of them; it counts them and keeps nothing.
global complaints = 0;

event smtp_unexpected(c: connection, is_orig: bool, msg: string, detail: string)
	{
	++complaints;
	}
