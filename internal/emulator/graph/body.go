package graph

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"rekey/internal/emulator/tenant"
)

// maxBody is the longest request body that is read, in bytes, after decompression.
const maxBody = 1 << 20

// contact is what a request to write a phone or an email says.
type contact struct{ phoneNumber, phoneType, emailAddress string }

// contactBody reads the body of a POST or PATCH of a phone or an email. Properties that
// Graph sets itself may be sent and are ignored; unknown ones are refused.
func contactBody(c *call) (contact, error) {
	in, err := object(c.Request)
	if err != nil {
		return contact{}, err
	}
	var out contact
	wanted := map[string]*string{"phoneNumber": &out.phoneNumber, "phoneType": &out.phoneType}
	if c.kind.odataType == tenant.TypeEmail {
		wanted = map[string]*string{"emailAddress": &out.emailAddress}
	}
	for name, value := range in {
		if field, ok := wanted[name]; ok && value != nil {
			if *field, ok = value.(string); !ok {
				return contact{}, malformed("The property '" + name + "' must be a string.")
			}
			continue
		}
		if !ignored(name, value, c.kind.odataType) && wanted[name] == nil {
			return contact{}, malformed("The property '" + name + "' does not exist on type '" + strings.TrimPrefix(c.kind.odataType, "#") + "'.")
		}
	}
	return out, nil
}

func ignored(name string, value any, odataType string) bool {
	switch name {
	case "@odata.type":
		return value == odataType
	case "id", "createdDateTime", "smsSignInState":
		return true
	}
	return false
}

// object reads a JSON object, plain or gzipped.
func object(r *http.Request) (map[string]any, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, malformed("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, malformed("The request body could not be read.")
	}
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		if raw, err = gunzip(raw); err != nil {
			return nil, malformed("The request body is not compressed as its header says.")
		}
	}
	if len(raw) > maxBody {
		return nil, &tenant.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "The request body is too long."}
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil || out == nil {
		return nil, malformed("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return out, nil
}

func gunzip(raw []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxBody+1))
}

func malformed(message string) error {
	return &tenant.Error{Status: http.StatusBadRequest, Code: "BadRequest", Message: message}
}
