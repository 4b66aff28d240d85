package mail

import (
	"context"
	"fmt"
	"log/slog"

	"rekey/internal/fault"
	"rekey/internal/message"
)

func unavailable(ctx context.Context, log *slog.Logger, m message.Message, err error) *fault.Error {
	log.WarnContext(ctx, "the mail was not taken", "message", m.ID, "reason", err.Error())
	return fault.Wrap(fault.Unavailable, Unavailable, err)
}

func refused(ctx context.Context, log *slog.Logger, m message.Message, err error) *fault.Error {
	log.WarnContext(ctx, "the mail is refused for good", "message", m.ID, "reason", err.Error())
	return fault.Wrap(fault.Invalid, Refused, err)
}

func uncertain(ctx context.Context, log *slog.Logger, m message.Message, reason string) error {
	log.WarnContext(ctx, "nobody knows whether the mail was taken", "message", m.ID, "reason", reason)
	return fmt.Errorf("mail: %s: %w", reason, message.ErrUncertain)
}
