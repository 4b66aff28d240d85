package sms

import (
	"fmt"
	"mime"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The content types that a body may have.
const (
	contentJSON = "application/json"
	contentForm = "application/x-www-form-urlencoded"
)

// Longest is the longest timeout that a gateway may be given: the person waits for it.
const Longest = 30 * time.Second

// Gateway describes a gateway as configuration does.
type Gateway struct {
	Name   string // in logs
	URL    string // https; http only on a loopback address. No query: it would be in access logs
	Method string // POST or PUT; empty is POST
	// Headers are sent as they are, but that {{.ID}} stands for the message's id. They
	// hold the gateway's credentials and are never logged.
	Headers map[string]string
	// Body is a text/template without conditions. Its fields are .To (E.164), .ToDigits
	// (without the plus sign), .From, .Text and .ID. Each value goes through the function
	// of the content type: json (a JSON string with its quotes), or urlquery, or form,
	// which writes a whole form from names and values.
	Body          string
	ContentType   string        // application/json (also with a +json suffix) or application/x-www-form-urlencoded
	From          string        // sender name or number; the body decides whether it is sent
	SuccessStatus []int         // status codes of success, all 2xx; empty is 200, 201 and 202
	SuccessField  string        // path into the JSON answer, for example "messages.0.status"; empty: status alone
	SuccessValue  string        // what stands there on success
	Timeout       time.Duration // for the whole exchange; zero is five seconds
}

func (g Gateway) withDefaults() Gateway {
	if g.Method == "" {
		g.Method = "POST"
	}
	if g.ContentType == "" {
		g.ContentType = contentJSON
	}
	if len(g.SuccessStatus) == 0 {
		g.SuccessStatus = []int{200, 201, 202}
	}
	if g.Timeout == 0 {
		g.Timeout = 5 * time.Second
	}
	return g
}

// Mistakes returns everything that is wrong with the description, one sentence each,
// which begins with the name of the setting. No value is repeated in it: it might be a
// secret in the wrong place.
func (g Gateway) Mistakes() []string {
	g = g.withDefaults()
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if strings.TrimSpace(g.Name) == "" {
		add("name: give the gateway a name, it stands in the logs.")
	}
	g.checkURL(add)
	if g.Method != "POST" && g.Method != "PUT" {
		add("method: use POST or PUT, other methods carry number and text in the address, which ends up in logs.")
	}
	g.checkHeaders(add)
	g.checkRule(add)
	if g.Timeout < time.Second || g.Timeout > Longest {
		add("timeout: use a time from 1s to %v, the person waits for it.", Longest)
	}
	g.checkBody(add)
	return found
}

type adder func(format string, args ...any)

func (g Gateway) checkURL(add adder) {
	u, err := url.Parse(g.URL)
	switch {
	case g.URL == "":
		add("url: set the address of the gateway, for example https://gateway.example/v1/messages.")
		return
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		add("url: write a full address, for example https://gateway.example/v1/messages.")
		return
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		add("url: use https, plain http is for gateways on a loopback address.")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(g.URL, "{{") {
		add("url: leave out user, password, query, fragment and placeholders, addresses end up in logs: put them into headers or body.")
	}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// ownHeaders are set by this package or by the transport.
func ownHeaders() []string {
	return []string{"host", "content-type", "content-length", "transfer-encoding", "connection", "te", "trailer",
		"upgrade", "accept-encoding"}
}

func (g Gateway) checkHeaders(add adder) {
	for _, name := range sortedKeys(g.Headers) {
		value := g.Headers[name]
		switch {
		case !token(name):
			add("headers: a header name has a character that no header name may have.")
		case slices.Contains(ownHeaders(), strings.ToLower(name)):
			add("headers: leave out %s, it is set by itself (for Content-Type there is content_type).", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			add("headers: the value of %s has a line break or another control character, write it on one line.", name)
		case strings.Contains(strings.ReplaceAll(value, idPlaceholder, ""), "{{"):
			add("headers: the only placeholder in the value of %s can be %s.", name, idPlaceholder)
		}
	}
}

// token reports whether a header name is a token (RFC 9110, 5.6.2).
func token(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func (g Gateway) checkRule(add adder) {
	for _, status := range g.SuccessStatus {
		if status < 200 || status > 299 {
			add("success_status: use status codes from 200 to 299 only, the others are refusals or broken gateways.")
			break
		}
	}
	if g.SuccessField == "" && g.SuccessValue != "" {
		add("success_field: name the field of the answer in which success_value stands.")
	}
	if g.SuccessField != "" && g.SuccessValue == "" {
		add("success_value: say what stands in success_field when the gateway took the message.")
	}
	if slices.Contains(strings.Split(g.SuccessField, "."), "") && g.SuccessField != "" {
		add("success_field: write a path of names and positions with single dots, for example messages.0.status.")
	}
}

// kind returns contentJSON or contentForm, or "" for any other content type.
func (g Gateway) kind() string {
	media, params, err := mime.ParseMediaType(g.ContentType)
	charset := strings.ToLower(params["charset"])
	switch {
	case err != nil, charset != "" && charset != "utf-8":
		return ""
	case media == contentJSON, strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return contentJSON
	case media == contentForm:
		return contentForm
	}
	return ""
}
