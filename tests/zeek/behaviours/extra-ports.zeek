# @TEST-DOC: SMTP is looked for on 2525 and 26 too.
# @TEST-EXEC: zeek -b $PACKAGE %INPUT > output
# @TEST-EXEC: btest-diff output

event zeek_init() &priority=-10
	{
	for ( p in set(25/tcp, 26/tcp, 587/tcp, 2525/tcp) )
		if ( p !in Analyzer::ports[Analyzer::ANALYZER_SMTP] )
			print "not registered", p;
	print |Analyzer::ports[Analyzer::ANALYZER_SMTP]|;
	}
