package supervise

import "sync"

// message is something that happened; only the loop handles it.
type message interface{ handle(*loop) }

// mailbox keeps messages in order until the loop takes them. Putting one into
// it never blocks: a reader of the engine's events that waits makes the engine
// drop the next ones without a word.
type mailbox struct {
	ready chan struct{} // has an element when there may be messages
	queue *queue
}

type queue struct {
	mu       sync.Mutex
	messages []message
}

func newMailbox() mailbox { return mailbox{ready: make(chan struct{}, 1), queue: &queue{}} }

func (b mailbox) put(m message) {
	b.queue.mu.Lock()
	b.queue.messages = append(b.queue.messages, m)
	b.queue.mu.Unlock()
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// take returns all messages and leaves none.
func (b mailbox) take() []message {
	b.queue.mu.Lock()
	defer b.queue.mu.Unlock()
	all := b.queue.messages
	b.queue.messages = nil
	return all
}
