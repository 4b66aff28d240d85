package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// create makes the database file, if there is none, and takes its lock. The lock is on a
// file beside it, because closing any handle on the database itself would drop SQLite's
// own locks; the kernel frees it when the process ends, however it ends.
func create(path string) (*os.File, error) {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the database cannot be opened for writing: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another Rekey process has the database %q open: a SQLite database serves one process", path)
		}
		return nil, fmt.Errorf("the database %q cannot be locked: %w", path, err)
	}
	db, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("the database cannot be opened for writing: %w", err)
	}
	return lock, db.Close()
}
