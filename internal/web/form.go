package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"rekey/internal/fault"
)

// TokenField is the hidden field that every form carries.
const TokenField = "form_token"

// errTooLarge is a body beyond MaxBodyBytes.
var errTooLarge = errors.New("web: body too large")

// body reads the fields of a form, and nothing but a form (WEB-5). A request with no body
// at all is a form with no fields.
func body(r *http.Request) (url.Values, error) {
	if r.ContentLength > MaxBodyBytes {
		return nil, errTooLarge
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, MaxBodyBytes+1))
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Malformed, "form.malformed", err)
	case len(raw) > MaxBodyBytes:
		return nil, errTooLarge
	case len(raw) == 0:
		return url.Values{}, nil
	case !urlencoded(r.Header):
		return nil, fault.New(fault.Malformed, "form.type")
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, fault.New(fault.Malformed, "form.malformed") // its error quotes the input
	}
	return values, nil
}

// urlencoded reports whether a body is what our forms send.
func urlencoded(h http.Header) bool {
	value, ok := onlyOne(h, "Content-Type")
	if !ok || h.Get("Content-Encoding") != "" {
		return false
	}
	kind, params, err := mime.ParseMediaType(value)
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}

// shape is what a form's struct declares: fields by their name.
type shape map[string]int

// mostTicks is how many values a list field takes: more than any account has methods.
const mostTicks = 100

// shapeOf reads a form struct: exported string fields, each with a tag `form:"name"`, and
// lists of strings for boxes that are ticked. It panics on any other struct, at
// registration and so at every start.
func shapeOf(t reflect.Type) shape {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("web: form %s is no struct", t))
	}
	s := shape{}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("form")
		if _, twice := s[name]; name == "" || name == TokenField || twice || !f.IsExported() || f.Type.Kind() != reflect.String && f.Type != reflect.TypeFor[[]string]() {
			panic(fmt.Sprintf("web: field %s of form %s is not an exported string or list of strings with a form tag of its own", f.Name, t))
		}
		s[name] = i
	}
	return s
}

// fill puts a form's values into its struct. A field that the form does not have, one that
// comes twice and is no list, and text that no browser sends are refused (WEB-5, CHG-4); a
// missing one is empty.
func (s shape) fill(values url.Values, form reflect.Value) error {
	for name, v := range values {
		i, known := s[name]
		list := known && form.Field(i).Kind() == reflect.Slice
		switch {
		case len(v) > 1 && !list, len(v) > mostTicks:
			return fault.New(fault.Malformed, "form.repeated")
		case !known && name != TokenField:
			return fault.New(fault.Malformed, "form.unknown-field")
		case slices.ContainsFunc(v, func(text string) bool { return !plain(text) }):
			return fault.New(fault.Malformed, "form.text")
		case list:
			form.Field(i).Set(reflect.ValueOf(v))
		case known:
			form.Field(i).SetString(v[0])
		}
	}
	return nil
}

// plain reports whether text is valid UTF-8 without NUL.
func plain(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
