// Package keyring encrypts what is kept and makes keyed hashes, with keys that live
// outside the database. The first key of the ring writes, all of them read, so that a
// key can be changed without losing what is there.
package keyring

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// ErrUnreadable says that no key of the ring opens it: it was changed, moved to another
// row, or written with a key that is gone.
var ErrUnreadable = errors.New("keyring: unreadable with these keys")

// Ring holds the keys. It is safe for concurrent use.
type Ring struct {
	keys   []key
	random io.Reader
}

type key struct {
	aead cipher.AEAD
	mac  []byte
}

// New returns a ring of 32-byte keys. The first one writes.
func New(keys ...[]byte) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("keyring: at least one key is needed")
	}
	r := &Ring{random: rand.Reader}
	for i, k := range keys {
		made, err := derive(k)
		if err != nil {
			return nil, fmt.Errorf("keyring: key %d: %w", i+1, err)
		}
		r.keys = append(r.keys, made)
	}
	return r, nil
}

// Parse reads keys as configuration gives them: base64 of 32 bytes each, separated by
// commas or white space.
func Parse(text string) (*Ring, error) {
	var keys [][]byte
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		k, err := base64.StdEncoding.DecodeString(field)
		if err != nil {
			return nil, fmt.Errorf("keyring: key %d is not base64", len(keys)+1)
		}
		keys = append(keys, k)
	}
	return New(keys...)
}

// NewKey returns a fresh key as Parse reads it.
func NewKey(random io.Reader) (string, error) {
	k := make([]byte, KeySize)
	if _, err := io.ReadFull(random, k); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(k), nil
}

func derive(k []byte) (key, error) {
	if len(k) != KeySize {
		return key{}, fmt.Errorf("%d bytes long, want %d", len(k), KeySize)
	}
	enc, err := hkdf.Key(sha256.New, k, nil, "rekey/encrypt", KeySize)
	if err != nil {
		return key{}, err
	}
	mac, err := hkdf.Key(sha256.New, k, nil, "rekey/mac", KeySize)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(enc)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCM(block)
	return key{aead: aead, mac: mac}, err
}

// Seal encrypts plain for one place, for example ("change", "value", id): there and
// nowhere else can it be opened (AES-256-GCM, the place as associated data).
func (r *Ring) Seal(plain []byte, place ...string) ([]byte, error) {
	aead := r.keys[0].aead
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(r.random, nonce); err != nil {
		return nil, fmt.Errorf("keyring: no randomness: %w", err)
	}
	return aead.Seal(nonce, nonce, plain, associated(place)), nil
}

// Open decrypts what Seal wrote for the same place, or returns ErrUnreadable.
func (r *Ring) Open(sealed []byte, place ...string) ([]byte, error) {
	for _, k := range r.keys {
		n := k.aead.NonceSize()
		if len(sealed) < n {
			break
		}
		if plain, err := k.aead.Open(nil, sealed[:n], sealed[n:], associated(place)); err == nil {
			return plain, nil
		}
	}
	return nil, ErrUnreadable
}

// MAC returns the HMAC-SHA-256 of the parts, each with its length before it, so that no
// two lists of parts read the same. The first part should name what it is for.
func (r *Ring) MAC(parts ...[]byte) []byte { return sum(r.keys[0].mac, parts) }

// VerifyMAC reports, in constant time, whether some key of the ring made the MAC.
func (r *Ring) VerifyMAC(mac []byte, parts ...[]byte) bool {
	good := false
	for _, k := range r.keys {
		if hmac.Equal(mac, sum(k.mac, parts)) {
			good = true
		}
	}
	return good
}

func sum(k []byte, parts [][]byte) []byte {
	h := hmac.New(sha256.New, k)
	for _, p := range parts {
		h.Write(length(len(p)))
		h.Write(p)
	}
	return h.Sum(nil)
}

func associated(place []string) []byte {
	var b bytes.Buffer
	for _, p := range place {
		b.Write(length(len(p)))
		b.WriteString(p)
	}
	return b.Bytes()
}

func length(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
