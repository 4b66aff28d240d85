package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// followTime is how long a replica may take to move its clock.
const followTime = time.Second

// replicas are the demos that have joined.
type replicas struct {
	client *http.Client
	mu     sync.Mutex
	known  []replica
}

type replica struct{ id, baseURL string }

func newReplicas() *replicas { return &replicas{client: newClient()} }

// newClient returns a client that goes to the address it is given and nowhere else.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// add remembers a replica, in place of an older one at the same address.
func (r *replicas) add(id, baseURL string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = slices.DeleteFunc(r.known, func(old replica) bool { return old.baseURL == baseURL })
	r.known = append(r.known, replica{id, baseURL})
}

func (r *replicas) know(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.known, func(one replica) bool { return one.id == id })
}

func (r *replicas) remove(gone replica) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = slices.DeleteFunc(r.known, func(one replica) bool { return one == gone })
}

// follow tells all replicas at once where the clock is and waits until they have answered,
// or a second has passed. One at whose address nobody listens is forgotten.
func (r *replicas) follow(ctx context.Context, offset time.Duration) {
	r.mu.Lock()
	known := slices.Clone(r.known)
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), followTime)
	defer cancel()
	var wg sync.WaitGroup
	for _, one := range known {
		wg.Go(func() {
			if err := r.tell(ctx, one, offset); errors.Is(err, syscall.ECONNREFUSED) {
				r.remove(one)
			}
		})
	}
	wg.Wait()
}

func (r *replicas) tell(ctx context.Context, one replica, offset time.Duration) error {
	body, err := json.Marshal(map[string]int64{"offset_us": offset.Microseconds()})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, one.baseURL+Prefix+"/clock/follow", bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
