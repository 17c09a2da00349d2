// KafkaJS under test: JSON commands on standard input, JSON events on standard output.
//   node kafkajs.js HOST:PORT
const readline = require("node:readline");
const { CompressionTypes, CompressionCodecs, Kafka, logLevel } = require("kafkajs");
const codecs = require("./codecs.js");

const PADDING = "-".repeat(80);
const kafka = new Kafka({
  brokers: [process.argv[2]],
  logLevel: logLevel.ERROR,
  logCreator: () => ({ log }) => console.error(JSON.stringify(log)),
  retry: { initialRetryTime: 100, retries: 20 },
});
const emit = (event, fields = {}) => process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
const keyOf = (id) => `key-${id % 997}`;
const valueOf = (id) => `${id}:${PADDING}`;
const idOf = (value) => Number.parseInt(value.toString(), 10);

async function withClient(client, work) {
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
}

async function create({ topic, partitions }) {
  await withClient(kafka.admin(), (admin) =>
    admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true }));
}

async function produce({ topic, first = 0, count, acks, codec, idempotence, timestamp }) {
  const compression = CompressionTypes[{ none: "None", gzip: "GZIP", snappy: "Snappy", lz4: "LZ4", zstd: "ZSTD" }[codec]];
  const producer = kafka.producer({ idempotent: idempotence, maxInFlightRequests: idempotence ? 1 : 5 });
  await withClient(producer, async () => {
    for (let id = first; id < first + count;) {
      const messages = [];
      for (const end = Math.min(id + 5000, first + count); id < end; id++) {
        const when = timestamp ? { timestamp: String(timestamp + id) } : {};
        messages.push({ key: keyOf(id), value: valueOf(id), ...when });
      }
      await producer.send({ topic, messages, acks: acks === "all" ? -1 : Number(acks), compression });
    }
  });
  return { acked: count };
}

// KafkaJS has no consumer without a group, so a read is a group of its own that seeks
async function read({ topic, from = {} }) {
  const place = {};
  const ends = {};
  await withClient(kafka.admin(), async (admin) => {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      place[partition] = low;
      ends[partition] = Number(high);
    }
    if (from.timestamp) {
      for (const at of await admin.fetchTopicOffsetsByTimestamp(topic, from.timestamp)) {
        place[at.partition] = at.offset;
      }
    } else if (from.offset !== undefined) {
      Object.keys(place).forEach((p) => { place[p] = String(from.offset); });
    }
  });
  const tally = { count: 0, bad: 0, first: {} };
  const ids = new Set();
  const next = {};
  const left = new Set(Object.keys(ends).filter((p) => Number(place[p]) < ends[p]));
  const consumer = kafka.consumer({ groupId: `read-${topic}-${Math.random()}`, maxWaitTimeInMs: 200 });
  let finish;
  const finished = new Promise((resolve) => { finish = resolve; });
  const add = (partition, message) => {
    const [offset, id] = [Number(message.offset), idOf(message.value)];
    if (offset >= ends[partition]) return;
    if (next[partition] === undefined) {
      tally.first[partition] = [offset, id, Number(message.timestamp)];
    } else if (offset !== next[partition]) {
      tally.bad++;
    }
    if (message.key.toString() !== keyOf(id) || message.value.toString() !== valueOf(id)) tally.bad++;
    tally.count++;
    ids.add(id);
    next[partition] = offset + 1;
    if (offset + 1 >= ends[partition]) left.delete(String(partition));
  };
  await withClient(consumer, async () => {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: async ({ batch, isStale }) => {
        if (isStale()) return;
        // what was fetched before the seek took hold does not count
        const start = Number(place[batch.partition]);
        if (next[batch.partition] === undefined && Number(batch.messages[0].offset) !== start) return;
        batch.messages.forEach((message) => add(batch.partition, message));
        if (left.size === 0) finish();
      },
    });
    Object.keys(place).forEach((p) => consumer.seek({ topic, partition: Number(p), offset: place[p] }));
    if (left.size > 0) await finished;
  });
  return { ...tally, distinct: ids.size };
}

async function member({ topic, group, pause_after: pause }, stopped) {
  const pauseAfter = pause ?? Infinity;
  const consumer = kafka.consumer({
    groupId: group, sessionTimeout: 6000, heartbeatInterval: 500, rebalanceTimeout: 10000,
    maxWaitTimeInMs: 200,
  });
  let seen = 0;
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    emit("assigned", { partitions: payload.memberAssignment[topic] ?? [] }));
  await withClient(consumer, async () => {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat, isRunning, isStale, resolveOffset }) => {
        for (let at = 0; at < batch.messages.length; at += 1000) {
          if (!isRunning() || isStale()) return;
          const part = batch.messages.slice(at, at + 1000);
          emit("records", { records: part.map((m) => [batch.partition, Number(m.offset), idOf(m.value)]) });
          seen += part.length;
          if (seen >= pauseAfter) {
            emit("paused");
            await new Promise(() => {});
          }
          const last = part[part.length - 1].offset;
          const offset = String(BigInt(last) + 1n);
          resolveOffset(last);
          await consumer.commitOffsets([{ topic, partition: batch.partition, offset }]);
          emit("committed", { offsets: { [batch.partition]: Number(offset) } });
          await heartbeat();
        }
      },
    });
    await stopped();
  });
}

async function serve() {
  await codecs.install(CompressionCodecs, CompressionTypes);
  const table = { create, produce, read, member };
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const command = JSON.parse(line.value);
    try {
      emit("done", await table[command.do](command, () => lines.next()));
    } catch (error) {
      emit("error", { message: String(error.stack) });
    }
  }
}

serve().then(() => process.exit(0));
