// Go clients under test: JSON commands on standard input, JSON events on standard output.
//
//	clients franz-go|sarama|kafka-go HOST:PORT
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// command is one line of standard input; which fields there are depends on what is to be done.
type command struct {
	Do          string `json:"do"`
	Topic       string `json:"topic"`
	Partitions  int    `json:"partitions"`
	First       int64  `json:"first"`
	Count       int64  `json:"count"`
	Acks        string `json:"acks"`
	Codec       string `json:"codec"`
	Idempotence bool   `json:"idempotence"`
	Timestamp   int64  `json:"timestamp"`
	Group       string `json:"group"`
	PauseAfter  *int   `json:"pause_after"`
	From        struct {
		Offset    *int64 `json:"offset"`
		Timestamp *int64 `json:"timestamp"`
	} `json:"from"`
}

// library is what each client brings.
type library interface {
	create(command) error
	produce(command) error
	// read gives every record that the topic has by now to the tally.
	read(command, *tally) error
	// member is one of a group until something comes from stop.
	member(c command, stop <-chan command) error
}

type fields map[string]any

var output sync.Mutex

func emit(event string, more fields) {
	line := fields{"event": event}
	for name, value := range more {
		line[name] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(text))
}

var padding = strings.Repeat("-", 80)

func keyOf(id int64) string   { return fmt.Sprintf("key-%d", id%997) }
func valueOf(id int64) string { return fmt.Sprintf("%d:%s", id, padding) }

func idOf(value []byte) int64 {
	number, _, _ := strings.Cut(string(value), ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// record is what the tally and the members need of a client's record.
type record struct {
	partition int32
	offset    int64
	timestamp int64
	key       []byte
	value     []byte
}

// tally sums up what a read returned, in the form that every client prints.
type tally struct {
	mutex sync.Mutex
	count int64
	bad   int64
	ids   map[int64]struct{}
	first map[int32][3]int64
	next  map[int32]int64
}

func newTally() *tally {
	return &tally{ids: map[int64]struct{}{}, first: map[int32][3]int64{}, next: map[int32]int64{}}
}

func (t *tally) add(r record) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	id := idOf(r.value)
	t.count++
	t.ids[id] = struct{}{}
	if expected, seen := t.next[r.partition]; !seen {
		t.first[r.partition] = [3]int64{r.offset, id, r.timestamp}
	} else if r.offset != expected {
		t.bad++
	}
	if string(r.key) != keyOf(id) || string(r.value) != valueOf(id) {
		t.bad++
	}
	t.next[r.partition] = r.offset + 1
}

func (t *tally) result() fields {
	return fields{"count": t.count, "distinct": len(t.ids), "bad": t.bad, "first": t.first}
}

// delivery is what a member of a group prints for what it is given, and when it must stand still.
type delivery struct {
	mutex      sync.Mutex
	pauseAfter int
	seen       int
}

func newDelivery(c command) *delivery {
	d := &delivery{pauseAfter: int(^uint(0) >> 1)}
	if c.PauseAfter != nil {
		d.pauseAfter = *c.PauseAfter
	}
	return d
}

// take prints the records and commits them, one call after the other; a member that must stand
// still never returns.
func (d *delivery) take(records []record, commit func() error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	list := make([][3]int64, len(records))
	offsets := map[int32]int64{}
	for at, r := range records {
		list[at] = [3]int64{int64(r.partition), r.offset, idOf(r.value)}
		offsets[r.partition] = r.offset + 1
	}
	emit("records", fields{"records": list})
	if d.seen += len(records); d.seen >= d.pauseAfter {
		emit("paused", nil)
		select {}
	}
	// without a commit they come again, to whoever has the partition then
	if err := commit(); err != nil {
		fmt.Fprintln(os.Stderr, "commit:", err)
		return
	}
	emit("committed", fields{"offsets": offsets})
}

// until is a context that ends when something comes from stop.
func until(stop <-chan command) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-stop
		cancel()
	}()
	return ctx, cancel
}

func assigned(partitions []int32) {
	// never null
	emit("assigned", fields{"partitions": append([]int32{}, partitions...)})
}

func run(client library, c command, commands <-chan command) (fields, error) {
	switch c.Do {
	case "create":
		return nil, client.create(c)
	case "produce":
		return fields{"acked": c.Count}, client.produce(c)
	case "read":
		sum := newTally()
		err := client.read(c, sum)
		return sum.result(), err
	case "member":
		return nil, client.member(c, commands)
	}
	return nil, fmt.Errorf("no such command: %s", c.Do)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: clients franz-go|sarama|kafka-go HOST:PORT")
		os.Exit(2)
	}
	libraries := map[string]library{
		"franz-go": franz{os.Args[2]}, "sarama": newSarama(os.Args[2]), "kafka-go": segmentio{os.Args[2]},
	}
	client, known := libraries[os.Args[1]]
	if !known {
		fmt.Fprintln(os.Stderr, "no such library:", os.Args[1])
		os.Exit(2)
	}
	commands := make(chan command)
	go func() {
		defer close(commands)
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			var c command
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				emit("error", fields{"message": err.Error()})
				continue
			}
			commands <- c
		}
	}()
	for c := range commands {
		if done, err := run(client, c, commands); err != nil {
			emit("error", fields{"message": err.Error()})
		} else {
			emit("done", done)
		}
	}
}
