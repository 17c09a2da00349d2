// The Java client under test: JSON commands on standard input, JSON events on standard output.
//   java Client HOST:PORT
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Client {
    static final ObjectMapper JSON = new ObjectMapper();
    static final String PADDING = "-".repeat(80);
    static String bootstrap;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode command = JSON.readTree(line);
            try {
                switch (command.get("do").asText()) {
                    case "create" -> create(command);
                    case "produce" -> produce(command);
                    case "read" -> read(command);
                    case "member" -> member(command, in);
                    default -> throw new IllegalArgumentException(line);
                }
            } catch (Exception error) {
                error.printStackTrace();
                ObjectNode event = JSON.createObjectNode().put("event", "error");
                emit(event.put("message", String.valueOf(error)));
            }
        }
    }

    static synchronized void emit(ObjectNode event) {
        System.out.println(event);
        System.out.flush();
    }

    static Properties properties() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        return properties;
    }

    static void create(JsonNode command) throws Exception {
        try (Admin admin = Admin.create(properties())) {
            Map<String, String> configs = new HashMap<>();
            command.path("config").properties().forEach(e -> configs.put(e.getKey(), e.getValue().asText()));
            NewTopic topic = new NewTopic(
                command.get("topic").asText(), command.get("partitions").asInt(), (short) 1).configs(configs);
            admin.createTopics(List.of(topic)).all().get();
        }
        emit(JSON.createObjectNode().put("event", "done"));
    }

    static void produce(JsonNode command) throws Exception {
        Properties properties = properties();
        properties.put("acks", command.get("acks").asText());
        properties.put("compression.type", command.get("codec").asText());
        properties.put("enable.idempotence", command.get("idempotence").asText());
        properties.put("linger.ms", "5");
        properties.put("batch.size", "65536");
        String topic = command.get("topic").asText();
        int first = command.path("first").asInt(0);
        int count = command.get("count").asInt();
        long timestamp = command.path("timestamp").asLong(0);
        AtomicReference<Exception> failure = new AtomicReference<>();
        int[] acked = new int[1];
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int id = first; id < first + count; id++) {
                byte[] key = ("key-" + id % 997).getBytes(StandardCharsets.UTF_8);
                String text = id + ":" + PADDING + noise(id, command.path("noise").asInt(0));
                byte[] value = text.getBytes(StandardCharsets.UTF_8);
                Long when = timestamp == 0 ? null : timestamp + id;
                producer.send(new ProducerRecord<>(topic, null, when, key, value), (metadata, error) -> {
                    if (error != null) {
                        failure.compareAndSet(null, error);
                    } else {
                        acked[0]++;
                    }
                });
            }
            producer.flush();
        }
        if (failure.get() != null) {
            throw failure.get();
        }
        emit(JSON.createObjectNode().put("event", "done").put("acked", acked[0]));
    }

    /** Text that does not compress, to fill segments. */
    static String noise(int id, int length) {
        return new java.util.Random(id).ints(length, '!', '~').collect(
            StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    static KafkaConsumer<byte[], byte[]> consumer(Properties properties) {
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static int id(ConsumerRecord<byte[], byte[]> record) {
        String value = new String(record.value(), StandardCharsets.UTF_8);
        return Integer.parseInt(value.substring(0, value.indexOf(':')));
    }

    /** Reads from a position of each partition up to where it ended when asked, and sums up. */
    static void read(JsonNode command) {
        String topic = command.get("topic").asText();
        ObjectNode firsts = JSON.createObjectNode();
        Set<Integer> ids = new HashSet<>();
        int count = 0;
        int bad = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(properties())) {
            List<TopicPartition> partitions =
                consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
            consumer.assign(partitions);
            Map<TopicPartition, Long> left = new HashMap<>(consumer.endOffsets(partitions));
            place(consumer, partitions, command.path("from"));
            left.entrySet().removeIf(e -> consumer.position(e.getKey()) >= e.getValue());
            Map<TopicPartition, Long> next = new HashMap<>();
            while (!left.isEmpty()) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                    TopicPartition at = new TopicPartition(topic, record.partition());
                    int id = id(record);
                    count++;
                    ids.add(id);
                    boolean whole = new String(record.key(), StandardCharsets.UTF_8).equals("key-" + id % 997)
                        && new String(record.value(), StandardCharsets.UTF_8).equals(id + ":" + PADDING);
                    Long expected = next.put(at, record.offset() + 1);
                    if (!whole || (expected != null && record.offset() != expected)) {
                        bad++;
                    }
                    if (expected == null) {
                        firsts.putArray(String.valueOf(at.partition()))
                            .add(record.offset()).add(id).add(record.timestamp());
                    }
                }
                left.entrySet().removeIf(e -> consumer.position(e.getKey()) >= e.getValue());
            }
        }
        ObjectNode event = JSON.createObjectNode().put("event", "done").put("count", count);
        event.put("distinct", ids.size()).put("bad", bad).set("first", firsts);
        emit(event);
    }

    static void place(KafkaConsumer<?, ?> consumer, List<TopicPartition> partitions, JsonNode from) {
        if (from.has("timestamp")) {
            Map<TopicPartition, Long> asked = new HashMap<>();
            partitions.forEach(p -> asked.put(p, from.get("timestamp").asLong()));
            for (Map.Entry<TopicPartition, OffsetAndTimestamp> e : consumer.offsetsForTimes(asked).entrySet()) {
                if (e.getValue() == null) {
                    consumer.seekToEnd(List.of(e.getKey()));
                } else {
                    consumer.seek(e.getKey(), e.getValue().offset());
                }
            }
        } else if (from.has("offset")) {
            // first away, then back: a seek must win over a position
            consumer.seekToEnd(partitions);
            partitions.forEach(p -> consumer.seek(p, from.get("offset").asLong()));
        } else {
            consumer.seekToBeginning(partitions);
        }
    }

    /** A member of a group: commits after each poll, until the next line of input. */
    static void member(JsonNode command, BufferedReader in) throws Exception {
        Properties properties = properties();
        properties.put("group.id", command.get("group").asText());
        properties.put("session.timeout.ms", "6000");
        properties.put("heartbeat.interval.ms", "500");
        properties.put("max.poll.records", "1000");
        if (command.has("strategy")) {
            properties.put("partition.assignment.strategy", command.get("strategy").asText());
        }
        int pauseAfter = command.path("pause_after").asInt(Integer.MAX_VALUE);
        int seen = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(properties)) {
            consumer.subscribe(List.of(command.get("topic").asText()), new Assignments());
            while (!in.ready()) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
                if (records.isEmpty()) {
                    continue;
                }
                ObjectNode event = JSON.createObjectNode().put("event", "records");
                var list = event.putArray("records");
                ObjectNode offsets = JSON.createObjectNode();
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    list.addArray().add(record.partition()).add(record.offset()).add(id(record));
                    offsets.put(String.valueOf(record.partition()), record.offset() + 1);
                    seen++;
                }
                emit(event);
                if (seen >= pauseAfter) {
                    emit(JSON.createObjectNode().put("event", "paused"));
                    Thread.sleep(Long.MAX_VALUE);
                }
                try {
                    consumer.commitSync();
                    event = JSON.createObjectNode().put("event", "committed");
                    event.set("offsets", offsets);
                    emit(event);
                } catch (org.apache.kafka.common.errors.RetriableException
                    | org.apache.kafka.clients.consumer.CommitFailedException error) {
                    // a rebalance came between: the records come again, to whoever has the partition
                }
            }
            in.readLine();
        }
        emit(JSON.createObjectNode().put("event", "done"));
    }

    static final class Assignments implements ConsumerRebalanceListener {
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            ObjectNode event = JSON.createObjectNode().put("event", "assigned");
            var list = event.putArray("partitions");
            partitions.forEach(p -> list.add(p.partition()));
            emit(event);
        }
    }

    private Client() {}
}
