//! `kafka-cluster`: the cluster's id, its endpoints, and the end of a broker.

use ottla_actors::client::messages::describe_cluster_response::DescribeClusterBroker;
use ottla_actors::client::{Admin, ClientConfig, ClientError};
use serde_json::{Value, json};

use super::kit::{Given, Kind, Out, Spec, Stop, Tool, block_on, left, widest};

pub(super) const TOOL: Tool = Tool {
    name: "cluster",
    about: "Shows the cluster's id and endpoints, and unregisters brokers",
    spec,
    run,
};

fn spec() -> Spec {
    let unregister = connection()
        .value("id", Kind::Integer, "", "The ID of the broker to unregister.")
        .short("i")
        .required();
    let endpoints = connection().flag(
        "include-fenced-brokers",
        "Whether to include fenced brokers when listing broker endpoints",
    );
    Spec::argparse4j("The Kafka cluster tool.")
        .command("cluster-id", "Get information about the ID of a cluster.", connection())
        .command("unregister", "Unregister a broker.", unregister)
        .command("list-endpoints", "List endpoints", endpoints.output())
}

fn connection() -> Spec {
    Spec::argparse4j("")
        .value(
            "bootstrap-server",
            Kind::Text,
            "",
            "A list of host/port pairs to use for establishing the connection to the Kafka \
             cluster.",
        )
        .short("b")
        .group(1)
        .value(
            "bootstrap-controller",
            Kind::Text,
            "",
            "A list of host/port pairs to use for establishing the connection to the KRaft \
             controllers.",
        )
        .short("C")
        .group(1)
        .value(
            "config",
            Kind::File,
            "",
            "(DEPRECATED) A property file containing configurations for the Admin client. This \
             option will be removed in a future version. Use --command-config instead.",
        )
        .value("command-config", Kind::File, "", "Config properties file for the Admin client.")
        .short("c")
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let Some((command, given)) = given.command() else { return Ok(()) };
    let config = client(given, out)?;
    if given.has("bootstrap-controller") {
        return Err(Stop::error(
            "Ottla's controllers are reached through its brokers: use --bootstrap-server",
        ));
    }
    block_on(async {
        let admin = Admin::start(config)?;
        match command {
            "cluster-id" => {
                let id = admin.describe_cluster().await?.cluster_id;
                out.line(format!("Cluster ID: {id}"))
            }
            "unregister" => unregister(&admin, given.number("id")?.unwrap_or_default(), out).await,
            _ => list_endpoints(&admin, given, out).await,
        }
    })
}

fn client(given: &Given, out: &mut Out) -> Result<ClientConfig, Stop> {
    match (given.has("config"), given.has("command-config")) {
        (true, true) => {
            Err(Stop::error("--config and --command-config cannot be specified together."))
        }
        (true, false) => {
            out.line(
                "Option --config has been deprecated and will be removed in a future version. Use \
                 --command-config instead.",
            )?;
            given.client("config")
        }
        _ => given.client("command-config"),
    }
}

async fn unregister(admin: &Admin, id: i32, out: &mut Out) -> Result<(), Stop> {
    match admin.unregister_broker(id).await {
        Err(ClientError::Unsupported { .. }) => {
            out.line("The target cluster does not support the broker unregistration API.")
        }
        done => {
            done??;
            out.line(format!("Broker {id} is no longer registered."))
        }
    }
}

async fn list_endpoints(admin: &Admin, given: &Given, out: &mut Out) -> Result<(), Stop> {
    let output = given.output()?;
    let cluster = admin.describe_cluster_with(given.has("include-fenced-brokers")).await?;
    let shown: Vec<Value> = cluster
        .brokers
        .iter()
        .map(|broker| {
            json!({
                "id": broker.broker_id.0,
                "host": broker.host.as_str(),
                "port": broker.port,
                "rack": broker.rack.as_ref().map(|rack| rack.as_str()),
                "state": state(broker),
                "endpointType": "broker",
            })
        })
        .collect();
    if output.print(&Value::from(shown), out)? {
        return Ok(());
    }
    rows(&cluster.brokers).into_iter().try_for_each(|row| out.line(row))
}

fn state(broker: &DescribeClusterBroker) -> &'static str {
    if broker.is_fenced { "fenced" } else { "unfenced" }
}

/// Kafka's table: two columns as wide as what is in them, the others as they are.
fn rows(brokers: &[DescribeClusterBroker]) -> Vec<String> {
    let racks: Vec<&str> = brokers
        .iter()
        .filter_map(|broker| broker.rack.as_ref().map(|rack| rack.as_str()))
        .collect();
    let host = widest(brokers.iter().map(|broker| broker.host.as_str()), 0);
    let rack = if racks.is_empty() { 10 } else { widest(racks, 0) };
    let row = |cells: [&str; 6]| {
        let widths = [10, host, 10, rack, 10, 15];
        let cells: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| left(cell, width)).collect();
        cells.join(" ")
    };
    let mut rows = vec![row(["ID", "HOST", "PORT", "RACK", "STATE", "ENDPOINT_TYPE"])];
    for broker in brokers {
        let (id, port) = (broker.broker_id.0.to_string(), broker.port.to_string());
        let rack = broker.rack.as_ref().map_or("null", |rack| rack.as_str());
        rows.push(row([&id, broker.host.as_str(), &port, rack, state(broker), "broker"]));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_make_their_column() {
        let broker = DescribeClusterBroker::default()
            .with_broker_id(1.into())
            .with_host("broker-one.example".into())
            .with_port(9092);
        let rows = rows(&[broker]);
        assert_eq!(
            rows,
            [
                "ID         HOST               PORT       RACK       STATE      ENDPOINT_TYPE  ",
                "1          broker-one.example 9092       null       unfenced   broker         ",
            ]
        );
    }
}
