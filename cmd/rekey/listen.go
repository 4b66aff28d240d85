package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listen takes the address. Trouble is a sentence that names the way out.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, mistake{fmt.Errorf("rekey: %s is taken by another program. Stop it, or choose another address; port 0 picks a free one", address)}
	case errors.Is(err, syscall.EACCES):
		return nil, mistake{fmt.Errorf("rekey: this account may not listen at %s. Ports below 1024 need special rights: choose another one", address)}
	}
	return nil, mistake{fmt.Errorf("rekey: cannot listen at %q: write an address of this computer and a port, such as 127.0.0.1:8080", address)}
}
