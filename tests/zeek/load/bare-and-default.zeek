# @TEST-DOC: Loads without a word beside the bare and the default scripts, notices included.
# @TEST-EXEC: zeek -b $PACKAGE > said 2>&1
# @TEST-EXEC: zeek $PACKAGE $PACKAGE/notices.zeek >> said 2>&1
# @TEST-EXEC: test ! -s said
