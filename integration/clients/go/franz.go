package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// franz is franz-go.
type franz struct{ address string }

func (f franz) client(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(options, kgo.SeedBrokers(f.address))...)
}

func (f franz) create(c command) error {
	client, err := f.client()
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = kadm.NewClient(client).CreateTopic(context.Background(), int32(c.Partitions), 1, nil, c.Topic)
	return err
}

func (f franz) produce(c command) error {
	codec := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[c.Codec]
	acks := map[string]kgo.Acks{"0": kgo.NoAck(), "1": kgo.LeaderAck(), "all": kgo.AllISRAcks()}[c.Acks]
	options := []kgo.Opt{
		kgo.ProducerBatchCompression(codec), kgo.RequiredAcks(acks), kgo.DefaultProduceTopic(c.Topic),
	}
	if !c.Idempotence {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := f.client(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	var mutex sync.Mutex
	var first error
	for id := c.First; id < c.First+c.Count; id++ {
		r := &kgo.Record{Key: []byte(keyOf(id)), Value: []byte(valueOf(id))}
		if c.Timestamp > 0 {
			r.Timestamp = time.UnixMilli(c.Timestamp + id)
		}
		client.Produce(context.Background(), r, func(_ *kgo.Record, err error) {
			mutex.Lock()
			defer mutex.Unlock()
			if first == nil {
				first = err
			}
		})
	}
	return errors.Join(client.Flush(context.Background()), first)
}

func (f franz) read(c command, sum *tally) error {
	client, err := f.client()
	if err != nil {
		return err
	}
	defer client.Close()
	admin, background := kadm.NewClient(client), context.Background()
	ends, err := admin.ListEndOffsets(background, c.Topic)
	if err != nil {
		return err
	}
	starts, err := admin.ListStartOffsets(background, c.Topic)
	if c.From.Timestamp != nil {
		starts, err = admin.ListOffsetsAfterMilli(background, *c.From.Timestamp, c.Topic)
	}
	if err != nil {
		return err
	}
	left, places := map[int32]int64{}, map[int32]kgo.Offset{}
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(c.Topic, end.Partition)
		if c.From.Offset != nil {
			start.Offset = *c.From.Offset
		}
		if start.Offset >= 0 && start.Offset < end.Offset {
			left[end.Partition] = end.Offset
			places[end.Partition] = kgo.NewOffset().At(start.Offset)
		}
	})
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{c.Topic: places})
	for len(left) > 0 {
		fetches := client.PollFetches(background)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			sum.add(franzRecord(r))
			if end, open := left[r.Partition]; open && r.Offset+1 >= end {
				delete(left, r.Partition)
			}
		})
	}
	return nil
}

func franzRecord(r *kgo.Record) record {
	return record{r.Partition, r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value}
}

func (f franz) member(c command, stop <-chan command) error {
	tell := func(_ context.Context, _ *kgo.Client, given map[string][]int32) { assigned(given[c.Topic]) }
	client, err := f.client(
		kgo.ConsumerGroup(c.Group), kgo.ConsumeTopics(c.Topic), kgo.OnPartitionsAssigned(tell),
		kgo.Balancers(kgo.RangeBalancer(), kgo.RoundRobinBalancer()), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(6*time.Second),
		kgo.HeartbeatInterval(500*time.Millisecond), kgo.BlockRebalanceOnPoll(),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := until(stop)
	defer cancel()
	given := newDelivery(c)
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, 1000)
		if batch := fetches.Records(); len(batch) > 0 {
			records := make([]record, len(batch))
			for at, r := range batch {
				records[at] = franzRecord(r)
			}
			given.take(records, func() error { return client.CommitRecords(context.Background(), batch...) })
		}
		client.AllowRebalance()
	}
	return nil
}
