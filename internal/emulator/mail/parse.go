package mail

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

// maxDepth is how deep parts may lie within parts.
const maxDepth = 5

var errNoText = errors.New("mail: there is no text in it")

// read is a mail as people read it: decoded, with \n between lines and none at the end. The
// HTML is "" in a mail that has none.
type read struct{ subject, text, html string }

// parse reads a mail.
func parse(raw []byte) (read, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return read{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return read{}, err
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return read{}, err
	}
	text, err := find("text/plain", textproto.MIMEHeader(m.Header), bytes.NewReader(body), maxDepth)
	if err != nil {
		return read{}, err
	}
	html, err := find("text/html", textproto.MIMEHeader(m.Header), bytes.NewReader(body), maxDepth)
	if err != nil {
		html = ""
	}
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD")
	return read{strings.ToValidUTF8(subject, "\uFFFD"), strings.TrimRight(text, "\n"), strings.ToValidUTF8(html, "\uFFFD")}, nil
}

// find returns the first part of a type.
func find(want string, h textproto.MIMEHeader, body io.Reader, depth int) (string, error) {
	media, params, err := mime.ParseMediaType(cmp.Or(h.Get("Content-Type"), "text/plain"))
	if err != nil || depth == 0 {
		return "", errNoText
	}
	if media == want {
		return decode(h.Get("Content-Transfer-Encoding"), params["charset"], body)
	}
	if !strings.HasPrefix(media, "multipart/") {
		return "", errNoText
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err != nil {
			return "", errNoText
		}
		if text, err := find(want, p.Header, p, depth-1); err == nil {
			return text, nil
		}
	}
}

// decode reads a body in one of the usual encodings; the character sets are UTF-8, ASCII
// and ISO 8859-1.
func decode(encoding, charset string, body io.Reader) (string, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "7bit", "8bit", "binary":
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		return "", errNoText
	}
	raw, err := io.ReadAll(body)
	if err != nil || !strings.EqualFold(charset, "iso-8859-1") {
		return string(raw), err
	}
	latin := make([]rune, len(raw))
	for i, b := range raw {
		latin[i] = rune(b)
	}
	return string(latin), nil
}
