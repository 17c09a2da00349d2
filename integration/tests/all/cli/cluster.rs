//! `cluster` and `broker-api-versions`.

use super::Pair;

const CALLS: &str = "
=!* cluster
r!* cluster --help
=!* cluster nope
=!* cluster cluster-id
=!* cluster cluster-id --nope
=!* cluster cluster-id --bootstrap-server
=!* cluster cluster-id --bootstrap-server a:1 --bootstrap-controller b:1
=!* cluster unregister --bootstrap-server BOOTSTRAP
=!* cluster unregister --bootstrap-server BOOTSTRAP --id x
=!* cluster unregister --bootstrap-server BOOTSTRAP --id 7
r cluster cluster-id
r! cluster cluster-id -b BOOTSTRAP
r! cluster cluster-id --bootstrap-s=BOOTSTRAP
= cluster list-endpoints
= cluster list-endpoints --include-fenced-brokers
=! broker-api-versions
=! broker-api-versions --help
=! broker-api-versions --version
=! broker-api-versions --bootstrap-server 127.0.0.1:1
= broker-api-versions
=! broker-api-versions --bootstrap-server 127.0.0.1:1,BOOTSTRAP
";

#[test]
fn cluster_and_api_versions_do_what_kafkas_do() {
    let Some(mut pair) = Pair::start(&[("node.id", "1")]) else { return };
    pair.table(CALLS);
    pair.finish();
}
