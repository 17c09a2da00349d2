package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/segmentio/kafka-go"
)

// segmentio is kafka-go. It has no idempotent producer: acks=all is what it is asked for instead.
type segmentio struct{ address string }

func (s segmentio) create(c command) error {
	conn, err := kafka.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	config := kafka.TopicConfig{Topic: c.Topic, NumPartitions: c.Partitions, ReplicationFactor: 1}
	return errors.Join(conn.CreateTopics(config), conn.Close())
}

func (s segmentio) produce(c command) error {
	codecs := map[string]kafka.Compression{
		"gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
	}
	acks := map[string]kafka.RequiredAcks{
		"0": kafka.RequireNone, "1": kafka.RequireOne, "all": kafka.RequireAll,
	}
	// the default one, shared by all writers, goes on for seconds with the topics it knew
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	writer := &kafka.Writer{
		Addr: kafka.TCP(s.address), Topic: c.Topic, Balancer: &kafka.Hash{}, BatchSize: 2000,
		BatchTimeout: 5 * time.Millisecond, RequiredAcks: acks[c.Acks], Compression: codecs[c.Codec],
		Transport: transport,
	}
	for id, end := c.First, c.First+c.Count; id < end; {
		var messages []kafka.Message
		for ; id < end && len(messages) < 10_000; id++ {
			message := kafka.Message{Key: []byte(keyOf(id)), Value: []byte(valueOf(id))}
			if c.Timestamp > 0 {
				message.Time = time.UnixMilli(c.Timestamp + id)
			}
			messages = append(messages, message)
		}
		if err := writer.WriteMessages(context.Background(), messages...); err != nil {
			return errors.Join(err, writer.Close())
		}
	}
	return writer.Close()
}

func (s segmentio) read(c command, sum *tally) error {
	conn, err := kafka.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	partitions, err := conn.ReadPartitions(c.Topic)
	if err != nil {
		return err
	}
	for _, partition := range partitions {
		if err := s.readPartition(c, partition.ID, sum); err != nil {
			return err
		}
	}
	return nil
}

func (s segmentio) readPartition(c command, partition int, sum *tally) error {
	background := context.Background()
	leader, err := kafka.DialLeader(background, "tcp", s.address, c.Topic, partition)
	if err != nil {
		return err
	}
	defer leader.Close()
	start, end, err := leader.ReadOffsets()
	if err == nil && c.From.Timestamp != nil {
		start, err = leader.ReadOffset(time.UnixMilli(*c.From.Timestamp))
	}
	if err != nil {
		return err
	}
	if c.From.Offset != nil {
		start = *c.From.Offset
	}
	if start < 0 || start >= end {
		return nil
	}
	reader := s.reader(c.Topic, partition)
	defer reader.Close()
	if err := reader.SetOffset(start); err != nil {
		return err
	}
	for offset := start; offset < end; offset++ {
		message, err := reader.ReadMessage(background)
		if err != nil {
			return err
		}
		sum.add(segmentioRecord(message))
	}
	return nil
}

func (s segmentio) reader(topic string, partition int) *kafka.Reader {
	return kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{s.address}, Topic: topic, Partition: partition, MaxBytes: 10_000_000,
		QueueCapacity: 2000, MaxWait: 200 * time.Millisecond,
	})
}

func segmentioRecord(m kafka.Message) record {
	return record{int32(m.Partition), m.Offset, m.Time.UnixMilli(), m.Key, m.Value}
}

func (s segmentio) member(c command, stop <-chan command) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: c.Group, Brokers: []string{s.address}, Topics: []string{c.Topic},
		SessionTimeout: 6 * time.Second, HeartbeatInterval: 500 * time.Millisecond,
		StartOffset: kafka.FirstOffset, JoinGroupBackoff: 100 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	ctx, cancel := until(stop)
	defer cancel()
	given := newDelivery(c)
	for ctx.Err() == nil {
		generation, err := group.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "next:", err)
			}
			continue
		}
		var partitions []int32
		for _, one := range generation.Assignments[c.Topic] {
			partitions = append(partitions, int32(one.ID))
		}
		assigned(partitions)
		for _, one := range generation.Assignments[c.Topic] {
			generation.Start(func(ctx context.Context) { s.take(ctx, c.Topic, generation, one, given) })
		}
	}
	return group.Close()
}

// take reads a partition while the generation lasts.
func (s segmentio) take(
	ctx context.Context, topic string, generation *kafka.Generation, from kafka.PartitionAssignment,
	given *delivery,
) {
	reader := s.reader(topic, from.ID)
	defer reader.Close()
	if err := reader.SetOffset(from.Offset); err != nil {
		fmt.Fprintln(os.Stderr, "set offset:", err)
		return
	}
	for {
		message, err := reader.ReadMessage(ctx)
		if err != nil {
			return
		}
		records := []record{segmentioRecord(message)}
		for reader.Stats().QueueLength > 0 && len(records) < 1000 {
			if message, err = reader.ReadMessage(ctx); err != nil {
				break
			}
			records = append(records, segmentioRecord(message))
		}
		last := records[len(records)-1].offset
		given.take(records, func() error {
			offsets := map[int]int64{from.ID: last + 1}
			return generation.CommitOffsets(map[string]map[int]int64{topic: offsets})
		})
	}
}
