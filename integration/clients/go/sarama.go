package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// saramaClient is Sarama, with the protocol of the versions that its users commonly set.
type saramaClient struct {
	address []string
	config  *sarama.Config
}

func newSarama(address string) saramaClient {
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Producer.Return.Successes = true
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	return saramaClient{[]string{address}, config}
}

func (s saramaClient) create(c command) error {
	admin, err := sarama.NewClusterAdmin(s.address, s.config)
	if err != nil {
		return err
	}
	detail := &sarama.TopicDetail{NumPartitions: int32(c.Partitions), ReplicationFactor: 1}
	return errors.Join(admin.CreateTopic(c.Topic, detail, false), admin.Close())
}

func (s saramaClient) produce(c command) error {
	config := *s.config
	config.Producer.Compression = map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}[c.Codec]
	config.Producer.RequiredAcks = map[string]sarama.RequiredAcks{
		"0": sarama.NoResponse, "1": sarama.WaitForLocal, "all": sarama.WaitForAll,
	}[c.Acks]
	if c.Idempotence {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	producer, err := sarama.NewAsyncProducer(s.address, &config)
	if err != nil {
		return err
	}
	var first error
	var listeners sync.WaitGroup
	listeners.Add(2)
	go func() {
		defer listeners.Done()
		for failed := range producer.Errors() {
			if first == nil {
				first = failed.Err
			}
		}
	}()
	var acked int64
	go func() {
		defer listeners.Done()
		for range producer.Successes() {
			acked++
		}
	}()
	for id := c.First; id < c.First+c.Count; id++ {
		message := &sarama.ProducerMessage{
			Topic: c.Topic, Key: sarama.StringEncoder(keyOf(id)), Value: sarama.StringEncoder(valueOf(id)),
		}
		if c.Timestamp > 0 {
			message.Timestamp = time.UnixMilli(c.Timestamp + id)
		}
		producer.Input() <- message
	}
	producer.AsyncClose()
	listeners.Wait()
	if first == nil && acked != c.Count {
		return fmt.Errorf("%d of %d acknowledged", acked, c.Count)
	}
	return first
}

func (s saramaClient) read(c command, sum *tally) error {
	client, err := sarama.NewClient(s.address, s.config)
	if err != nil {
		return err
	}
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return err
	}
	defer consumer.Close()
	partitions, err := client.Partitions(c.Topic)
	if err != nil {
		return err
	}
	var readers sync.WaitGroup
	for _, partition := range partitions {
		end, err := client.GetOffset(c.Topic, partition, sarama.OffsetNewest)
		if err != nil {
			return err
		}
		from := sarama.OffsetOldest
		if c.From.Timestamp != nil {
			from = *c.From.Timestamp
		}
		start, err := client.GetOffset(c.Topic, partition, from)
		if err != nil {
			return err
		}
		if c.From.Offset != nil {
			start = *c.From.Offset
		}
		if start < 0 || start >= end {
			continue
		}
		one, err := consumer.ConsumePartition(c.Topic, partition, start)
		if err != nil {
			return err
		}
		readers.Go(func() {
			defer one.Close()
			for message := range one.Messages() {
				sum.add(saramaRecord(message))
				if message.Offset+1 >= end {
					return
				}
			}
		})
	}
	readers.Wait()
	return nil
}

func saramaRecord(m *sarama.ConsumerMessage) record {
	return record{m.Partition, m.Offset, m.Timestamp.UnixMilli(), m.Key, m.Value}
}

// saramaMember takes what a generation of the group gives to this member.
type saramaMember struct {
	topic string
	given *delivery
}

func (m saramaMember) Setup(session sarama.ConsumerGroupSession) error {
	assigned(session.Claims()[m.topic])
	return nil
}

func (m saramaMember) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (m saramaMember) ConsumeClaim(
	session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim,
) error {
	for message := range claim.Messages() {
		records := []record{saramaRecord(message)}
		for more := true; more && len(records) < 1000; {
			select {
			case next, open := <-claim.Messages():
				if more = open; open {
					records = append(records, saramaRecord(next))
				}
			default:
				more = false
			}
		}
		m.given.take(records, func() error {
			session.MarkOffset(m.topic, claim.Partition(), records[len(records)-1].offset+1, "")
			session.Commit()
			return session.Context().Err()
		})
	}
	return nil
}

func (s saramaClient) member(c command, stop <-chan command) error {
	group, err := sarama.NewConsumerGroup(s.address, c.Group, s.config)
	if err != nil {
		return err
	}
	ctx, cancel := until(stop)
	defer cancel()
	handler := saramaMember{c.Topic, newDelivery(c)}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{c.Topic}, handler); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "consume:", err)
			time.Sleep(100 * time.Millisecond)
		}
	}
	return group.Close()
}
