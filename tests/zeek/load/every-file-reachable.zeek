# @TEST-DOC: Every script is loaded by __load__.zeek or named there as opt-in.
# @TEST-EXEC: for script in $PACKAGE/*.zeek; do name=$(basename $script .zeek); test $name = __load__ || grep -q "@load ./$name\$" $PACKAGE/__load__.zeek || exit 1; done
