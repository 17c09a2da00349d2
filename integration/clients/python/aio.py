"""aiokafka under test: `aio.py HOST:PORT`."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from common import Delivery, Tally, asked_to_stop, emit, key_of, serve, swallow_stop, value_of

BOOTSTRAP = sys.argv[1]


async def create(command):
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(command["topic"], command["partitions"], 1)])
        for _, code, *_ in answer.topic_errors:
            if code:
                raise for_code(code)()
    finally:
        await admin.close()


async def produce(command):
    codec = command["codec"]
    acks = command["acks"]
    producer = AIOKafkaProducer(
        bootstrap_servers=BOOTSTRAP,
        acks=acks if acks == "all" else int(acks),
        compression_type=None if codec == "none" else codec,
        enable_idempotence=command["idempotence"],
        linger_ms=5,
        max_batch_size=65536,
    )
    await producer.start()
    first, base = command.get("first", 0), command.get("timestamp")
    futures = []
    try:
        for number in range(first, first + command["count"]):
            when = base + number if base else None
            value = value_of(number)
            sent = await producer.send(command["topic"], value, key_of(number), timestamp_ms=when)
            futures.append(sent)
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
    return {"acked": len(futures)}


async def read(command):
    topic, place = command["topic"], command.get("from", {})
    client = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, enable_auto_commit=False)
    tally = Tally()
    await client.start()
    try:
        client.subscribe([topic])
        await client.getmany(timeout_ms=0)
        partitions = [TopicPartition(topic, p) for p in sorted(client.partitions_for_topic(topic))]
        client.unsubscribe()
        client.assign(partitions)
        ends = await client.end_offsets(partitions)
        # the reset that `assign` began must be over, or it overtakes the seek
        for p in partitions:
            await client.position(p)
        if "offset" in place:
            await client.seek_to_end(*partitions)
            for p in partitions:
                client.seek(p, place["offset"])
        elif "timestamp" in place:
            found = await client.offsets_for_times({p: place["timestamp"] for p in partitions})
            for p, at in found.items():
                client.seek(p, ends[p] if at is None else at.offset)
        else:
            await client.seek_to_beginning(*partitions)
        while any([await client.position(p) < ends[p] for p in partitions]):
            for p, records in (await client.getmany(timeout_ms=500, max_records=10_000)).items():
                for r in records:
                    tally.add(p.partition, r.offset, r.timestamp, r.key, r.value)
    finally:
        await client.stop()
    return tally.result()


class Assignments(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        emit("assigned", partitions=[p.partition for p in assigned])


async def member(command):
    client = AIOKafkaConsumer(
        bootstrap_servers=BOOTSTRAP,
        group_id=command["group"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    delivery = Delivery(command)
    client.subscribe([command["topic"]], listener=Assignments())
    await client.start()
    try:
        while not asked_to_stop():
            polled = await client.getmany(timeout_ms=100, max_records=1000)
            records = [(r.partition, r.offset, r.value) for part in polled.values() for r in part]
            if not records:
                continue
            if delivery.deliver(records):
                await asyncio.Event().wait()
            try:
                await client.commit()
                delivery.committed(records)
            except KafkaError:
                pass  # a rebalance came between: the records come again, to whoever has the partition
        swallow_stop()
    finally:
        await client.stop()


def run(function):
    return lambda command: asyncio.run(function(command))


serve({name: run(f) for name, f in
       {"create": create, "produce": produce, "read": read, "member": member}.items()})
