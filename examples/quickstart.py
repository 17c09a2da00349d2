"""What quickstart.sh lets a stock client do: quickstart.py write|read HOST:PORT"""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

TOPIC, COUNT = "greetings", 1000
mode, address = sys.argv[1:]

if mode == "write":
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics([NewTopic(TOPIC, num_partitions=3, replication_factor=1)])
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    sent = [
        producer.send(TOPIC, key=b"key-%d" % (i % 10), value=b"hello %d" % i) for i in range(COUNT)
    ]
    producer.flush()
    offsets = [future.get(timeout=10) for future in sent]
    print(f"acknowledged {len(offsets)} records in {len({o.partition for o in offsets})} partitions")

consumer = KafkaConsumer(
    TOPIC,
    bootstrap_servers=address,
    group_id=f"quickstart-{mode}",
    auto_offset_reset="earliest",
    consumer_timeout_ms=10_000,
)
seen = []
for record in consumer:
    seen.append(record)
    if len(seen) == COUNT:
        break
consumer.commit()
committed = sum(
    consumer.committed(TopicPartition(TOPIC, p)) or 0 for p in consumer.partitions_for_topic(TOPIC)
)
consumer.close()
first = seen[0] if seen else None
print(f"consumed {len(seen)} records, committed {committed}; one of them: {first and first.value!r}")
sys.exit(0 if len(seen) == COUNT and committed == COUNT else 1)
