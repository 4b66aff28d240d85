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

// parse returns the subject and the plain text of a mail, as people read them: decoded, with
// \n between lines and none at the end.
func parse(raw []byte) (subject, text string, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", "", err
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return "", "", err
	}
	text, err = plain(textproto.MIMEHeader(m.Header), m.Body, maxDepth)
	if err != nil {
		return "", "", err
	}
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD")
	return strings.ToValidUTF8(subject, "\uFFFD"), strings.TrimRight(text, "\n"), nil
}

// plain finds the first plain text in a part.
func plain(h textproto.MIMEHeader, body io.Reader, depth int) (string, error) {
	media, params, err := mime.ParseMediaType(cmp.Or(h.Get("Content-Type"), "text/plain"))
	if err != nil || depth == 0 {
		return "", errNoText
	}
	if media == "text/plain" {
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
		if text, err := plain(p.Header, p, depth-1); err == nil {
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
