# @TEST-DOC: Every script parses alone, without a warning.
# @TEST-EXEC: for script in $PACKAGE/*.zeek; do zeek -b --parse-only $script > said 2>&1 && test ! -s said || exit 1; done
