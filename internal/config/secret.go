package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a setting that is never printed.
type Secret string

// hidden stands for a secret wherever one would be printed.
const hidden = "(secret)"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Format prints "(secret)", whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue returns "(secret)".
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText returns "(secret)", for JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
