"""kafka-python under test: `kafkapython.py HOST:PORT`."""

import sys
import threading

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaConnectionError, KafkaError

from common import Delivery, Tally, asked_to_stop, emit, key_of, serve, swallow_stop, value_of

BOOTSTRAP = sys.argv[1]


def create(command):
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    topic = NewTopic(command["topic"], command["partitions"], 1)
    admin.create_topics([topic])
    admin.close()


def produce(command):
    codec = command["codec"]
    acks = command["acks"]
    producer = KafkaProducer(
        bootstrap_servers=BOOTSTRAP,
        acks=acks if acks == "all" else int(acks),
        compression_type=None if codec == "none" else codec,
        enable_idempotence=command["idempotence"],
        linger_ms=5,
        batch_size=65536,
    )
    first, base = command.get("first", 0), command.get("timestamp")
    futures = []
    for number in range(first, first + command["count"]):
        when = base + number if base else None
        value = value_of(number)
        futures.append(producer.send(command["topic"], value, key_of(number), timestamp_ms=when))
    producer.flush(60)
    for future in futures:
        future.get(30)
    producer.close()
    return {"acked": len(futures)}


def read(command):
    topic, place = command["topic"], command.get("from", {})
    client = KafkaConsumer(bootstrap_servers=BOOTSTRAP, enable_auto_commit=False, group_id=None)
    tally = Tally()
    try:
        partitions = [TopicPartition(topic, p) for p in sorted(client.partitions_for_topic(topic))]
        client.assign(partitions)
        ends = client.end_offsets(partitions)
        if "offset" in place:
            client.seek_to_end(*partitions)
            for p in partitions:
                client.seek(p, place["offset"])
        elif "timestamp" in place:
            found = client.offsets_for_times({p: place["timestamp"] for p in partitions})
            for p, at in found.items():
                client.seek(p, ends[p] if at is None else at.offset)
        else:
            client.seek_to_beginning(*partitions)
        while any(client.position(p) < ends[p] for p in partitions):
            for p, records in client.poll(500, max_records=10_000).items():
                for r in records:
                    tally.add(p.partition, r.offset, r.timestamp, r.key, r.value)
    finally:
        client.close()
    return tally.result()


class Assignments(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        emit("assigned", partitions=[p.partition for p in assigned])


def member(command):
    client = KafkaConsumer(
        bootstrap_servers=BOOTSTRAP,
        group_id=command["group"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    delivery = Delivery(command)
    client.subscribe([command["topic"]], listener=Assignments())
    while not asked_to_stop():
        # long: if a poll ends between the answers to its JoinGroup and SyncGroup, kafka-python 3.0
        # forgets to finish joining, sends no heartbeat and is put out of the group
        try:
            polled = client.poll(3000, max_records=1000)
        except KafkaConnectionError:
            continue  # the broker is between its stop and its start: poll says so, and tries again
        records = [(r.partition, r.offset, r.value) for part in polled.values() for r in part]
        if not records:
            continue
        if delivery.deliver(records):
            threading.Event().wait()
        try:
            client.commit()
            delivery.committed(records)
        except KafkaError:
            pass  # a rebalance came between: the records come again, to whoever has the partition
    swallow_stop()
    client.close()


serve({"create": create, "produce": produce, "read": read, "member": member})
