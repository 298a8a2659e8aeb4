# @TEST-DOC: Loads clean as manager, logger, proxy and worker.
# @TEST-EXEC: for node in manager logger proxy worker; do CLUSTER_NODE=$node zeek -b --parse-only %INPUT $PACKAGE $PACKAGE/notices.zeek > said 2>&1 && test ! -s said || exit 1; done

@TEST-START-FILE cluster-layout.zeek
redef Cluster::nodes = {
	["manager"] = Cluster::Node($node_type=Cluster::MANAGER, $ip=127.0.0.1, $p=47760/tcp),
	["logger"] = Cluster::Node($node_type=Cluster::LOGGER, $ip=127.0.0.1, $p=47761/tcp, $manager="manager"),
	["proxy"] = Cluster::Node($node_type=Cluster::PROXY, $ip=127.0.0.1, $p=47762/tcp, $manager="manager"),
	["worker"] = Cluster::Node($node_type=Cluster::WORKER, $ip=127.0.0.1, $p=47763/tcp, $manager="manager"),
};
@TEST-END-FILE

@load base/frameworks/cluster
