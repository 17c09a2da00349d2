"""confluent-kafka (librdkafka) under test: `confluent.py HOST:PORT`."""

import sys
import threading

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from common import Delivery, Tally, asked_to_stop, key_of, serve, swallow_stop, value_of

BOOTSTRAP = sys.argv[1]
BASE = {"bootstrap.servers": BOOTSTRAP}


def create(command):
    config = command.get("config", {})
    topic = NewTopic(command["topic"], command["partitions"], 1, config=config)
    admin = AdminClient(BASE)
    for future in admin.create_topics([topic]).values():
        future.result(30)


def produce(command):
    producer = Producer({
        **BASE,
        "acks": command["acks"],
        "compression.type": command["codec"],
        "enable.idempotence": command["idempotence"],
        "linger.ms": 5,
        "queue.buffering.max.messages": 1_000_000,
    })
    failures = []
    acked = 0

    def report(error, message):
        nonlocal acked
        if error is not None:
            failures.append(error)
        acked += 1

    first, base = command.get("first", 0), command.get("timestamp")
    for number in range(first, first + command["count"]):
        when = {"timestamp": base + number} if base else {}
        producer.produce(command["topic"], value_of(number), key_of(number), on_delivery=report, **when)
        if number % 1000 == 0:
            producer.poll(0)
    left = producer.flush(60)
    if failures or left:
        raise RuntimeError(f"{left} left, {len(failures)} failed: {failures[:1]}")
    return {"acked": acked}


def consumer(**more):
    return Consumer({
        **BASE,
        "group.id": "nobody",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        **more,
    })


def read(command):
    client, topic, place = consumer(), command["topic"], command.get("from", {})
    tally = Tally()
    try:
        partitions = sorted(client.list_topics(topic, 30).topics[topic].partitions)
        ends = {p: client.get_watermark_offsets(TopicPartition(topic, p), 30)[1] for p in partitions}
        start = {p: -2 for p in partitions}
        if "offset" in place:
            start = {p: place["offset"] for p in partitions}
        if "timestamp" in place:
            asked = [TopicPartition(topic, p, place["timestamp"]) for p in partitions]
            start = {t.partition: t.offset for t in client.offsets_for_times(asked, 30)}
        left = {p for p in partitions if start[p] != -1 and start[p] < ends[p] and ends[p] > 0}
        # a seek must win over where the assignment began
        client.assign([TopicPartition(topic, p, ends[p]) for p in left])
        for p in left:
            retry_seek(client, TopicPartition(topic, p, start[p]))
        while left:
            for message in client.consume(10_000, 0.5):
                if message.error():
                    raise KafkaException(message.error())
                p, offset = message.partition(), message.offset()
                tally.add(p, offset, message.timestamp()[1], message.key(), message.value())
                if offset + 1 >= ends[p]:
                    left.discard(p)
    finally:
        client.close()
    return tally.result()


def retry_seek(client, target):
    """A partition can be sought once its fetcher runs, a moment after `assign`."""
    for _ in range(100):
        try:
            return client.seek(target)
        except KafkaException:
            client.poll(0.02)
    return client.seek(target)


def member(command):
    from common import emit

    client = consumer(**{
        "group.id": command["group"],
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 500,
        "partition.assignment.strategy": command.get("strategy", "range,roundrobin"),
    })
    delivery = Delivery(command)

    def assigned(_, partitions):
        emit("assigned", partitions=[p.partition for p in partitions])

    client.subscribe([command["topic"]], on_assign=assigned)
    while not asked_to_stop():
        messages = [m for m in client.consume(1000, 0.1) if not m.error()]
        records = [(m.partition(), m.offset(), m.value()) for m in messages]
        if not records:
            continue
        if delivery.deliver(records):
            threading.Event().wait()
        try:
            client.commit(asynchronous=False)
            delivery.committed(records)
        except KafkaException:
            pass  # a rebalance came between: the records come again, to whoever has the partition
    swallow_stop()
    client.close()


serve({"create": create, "produce": produce, "read": read, "member": member})
