package sms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// values are the fields of a body template.
type values struct {
	To       string // E.164
	ToDigits string // without the plus sign
	From     string
	Text     string
	ID       string
}

// functions are the ones that a body may use besides text/template's own.
func functions() template.FuncMap {
	return template.FuncMap{"json": jsonString, "form": form}
}

func jsonString(v any) (string, error) {
	b, err := json.Marshal(fmt.Sprint(v))
	return string(b), err
}

// form writes name and value pairs as application/x-www-form-urlencoded, in their order.
func form(pairs ...string) (string, error) {
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		return "", errors.New("form takes names and values in pairs")
	}
	var fields []string
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
	}
	return strings.Join(fields, "&"), nil
}

func parseBody(text string) (*template.Template, error) {
	return template.New("body").Option("missingkey=error").Funcs(functions()).Parse(text)
}

// checkBody finds templates in which a text could break out of its place: it demands an
// escaping function on every value, and then reads what the template makes of harmless
// and of hostile values.
func (g Gateway) checkBody(add adder) {
	kind := g.kind()
	if kind == "" {
		add("content_type: use %s or %s (charset UTF-8).", contentJSON, contentForm)
		return
	}
	if strings.TrimSpace(g.Body) == "" {
		add("body: write the template of what the gateway gets, with .To and .Text in it.")
		return
	}
	t, err := parseBody(g.Body)
	if err != nil {
		add("body: it is not a template: check its braces and function names (json, urlquery, form).")
		return
	}
	if why := escaped(t, kind); why != "" {
		add("body: %s.", why)
		return
	}
	g.probe(t, kind, add)
}

// escapers are the functions that end a pipeline, by content type.
func escapers(kind string) []string {
	if kind == contentJSON {
		return []string{"json"}
	}
	return []string{"urlquery", "form"}
}

func escaped(t *template.Template, kind string) string {
	if len(t.Templates()) > 1 {
		return "leave out define and block"
	}
	for _, node := range t.Root.Nodes {
		switch n := node.(type) {
		case *parse.TextNode, *parse.CommentNode:
		case *parse.ActionNode:
			if len(n.Pipe.Decl) > 0 {
				return "leave out variables"
			}
			if !slices.Contains(escapers(kind), last(n.Pipe)) {
				return fmt.Sprintf("put each value through %s, for example {{%s .Text}}, or it could break out of its place",
					strings.Join(escapers(kind), " or "), escapers(kind)[0])
			}
		default:
			return "leave out conditions and loops"
		}
	}
	return ""
}

// last names the function at the end of a pipeline.
func last(pipe *parse.PipeNode) string {
	if len(pipe.Cmds) == 0 {
		return ""
	}
	if id, ok := pipe.Cmds[len(pipe.Cmds)-1].Args[0].(*parse.IdentifierNode); ok {
		return id.Ident
	}
	return ""
}

// hostile is a text that tries to break out of JSON strings and of form fields.
const hostile = "\"},{\"to\":\"x\" '&to=x;to=y%26\r\n\r\n\\u0022\\ \x00 \u2028 ]}"

func (g Gateway) probe(t *template.Template, kind string, add adder) {
	calm := values{To: "+12025550100", ToDigits: "12025550100", From: g.From, Text: "text-probe", ID: "id-probe"}
	wild := calm
	wild.Text, wild.ID, wild.From = hostile, hostile, hostile
	names, leaves, err := read(t, kind, calm)
	if err != nil {
		add("body: what it makes is not valid %s, check its fields (.To, .ToDigits, .From, .Text, .ID), commas and quotes (json writes its own).", kind)
		return
	}
	wildNames, wildLeaves, err := read(t, kind, wild)
	if err != nil || !slices.Equal(names, wildNames) || !carries(wildLeaves, hostile) && carries(leaves, calm.Text) {
		add("body: a text with quotes or line breaks would not stay in its field, put each value through its function once.")
	}
	if !carries(leaves, calm.ToDigits) {
		add("body: it never uses .To or .ToDigits, so that no gateway could know the number.")
	}
	if !carries(leaves, calm.Text) {
		add("body: it never uses .Text, so that no code would arrive.")
	}
}

func carries(leaves []string, text string) bool {
	return slices.ContainsFunc(leaves, func(leaf string) bool { return strings.Contains(leaf, text) })
}

// read renders a body and takes it apart as the gateway would: the names of its fields
// and what stands in them.
func read(t *template.Template, kind string, v values) (names, leaves []string, err error) {
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return nil, nil, err
	}
	if kind == contentForm {
		fields, err := url.ParseQuery(b.String())
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			for _, value := range fields[name] {
				names, leaves = append(names, name), append(leaves, value)
			}
		}
		return names, leaves, err
	}
	tree, err := decode(b.Bytes())
	if err != nil {
		return nil, nil, err
	}
	names, leaves = flatten("", tree)
	return names, leaves, nil
}

// decode reads exactly one JSON value.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return tree, nil
}

func flatten(path string, tree any) (names, leaves []string) {
	visit := func(name string, child any) {
		n, l := flatten(path+"."+name, child)
		names, leaves = append(names, n...), append(leaves, l...)
	}
	switch v := tree.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			visit(name, v[name])
		}
	case []any:
		for i, child := range v {
			visit(fmt.Sprint(i), child)
		}
	default:
		return []string{path}, []string{fmt.Sprint(v)}
	}
	return names, leaves
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
