package templates

import (
	"bytes"
	"html/template"
	"slices"
	"text/template/parse"
)

// bake replaces every call whose arguments never change, {{t "key"}} or {{icon "phone"}}, by
// what it returns, so that a page is not put together anew from words that never change; what
// is text then becomes one piece with the text around it. Conditions become simpler ones,
// because a call of "and" or "not" takes longer than an {{if}}. The indentation of the templates, a tenth of a page, stays behind: pages are not compressed.
func bake(page *template.Template, x tools) {
	for _, t := range page.Templates() {
		if t.Tree != nil {
			x.bake(t.Tree.Root)
		}
	}
}

// unindented returns text without the blanks at the beginning of lines and without empty
// lines; nothing on our pages keeps white space as it is written.
func unindented(text []byte) []byte {
	lines := bytes.Split(text, []byte("\n"))
	kept := lines[:1]
	for i, line := range lines[1:] {
		if line = bytes.TrimLeft(line, " \t"); len(line) > 0 || i == len(lines)-2 {
			kept = append(kept, line)
		}
	}
	return bytes.Join(kept, []byte("\n"))
}

func (x tools) bake(list *parse.ListNode) {
	if list == nil {
		return
	}
	for i, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			n.Text = unindented(n.Text)
		case *parse.ActionNode:
			if join(n) {
				continue
			}
			if text, ok := x.fixed(n); ok {
				list.Nodes[i] = &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(text)}
			}
		case *parse.IfNode:
			split(n)
			turn(n)
			x.bake(n.List)
			x.bake(n.ElseList)
		case *parse.RangeNode:
			x.bake(n.List)
			x.bake(n.ElseList)
		case *parse.WithNode:
			x.bake(n.List)
			x.bake(n.ElseList)
		}
	}
	list.Nodes = inOne(list.Nodes)
}

// inOne joins texts that follow each other.
func inOne(nodes []parse.Node) (out []parse.Node) {
	for _, node := range nodes {
		text, isText := node.(*parse.TextNode)
		if isText && len(out) > 0 {
			if before, ok := out[len(out)-1].(*parse.TextNode); ok {
				out[len(out)-1] = &parse.TextNode{NodeType: parse.NodeText, Pos: before.Pos, Text: slices.Concat(before.Text, text.Text)}
				continue
			}
		}
		out = append(out, node)
	}
	return out
}

// split makes {{if .A}}{{if .B}}…{{end}}{{end}} of {{if and .A .B}}…{{end}}.
func split(n *parse.IfNode) {
	if len(n.Pipe.Decl) != 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 3 {
		return
	}
	args := n.Pipe.Cmds[0].Args
	if name, isName := args[0].(*parse.IdentifierNode); !isName || name.Ident != "and" {
		return
	}
	inner := n.Copy().(*parse.IfNode) // with an {{else}} of its own
	inner.Pipe.Cmds = condition(inner.Pipe.Cmds[0].Args[2])
	n.Pipe.Cmds = condition(args[1])
	n.List = &parse.ListNode{NodeType: parse.NodeList, Pos: n.List.Pos, Nodes: []parse.Node{inner}}
}

// condition is an argument of a call as a pipeline.
func condition(arg parse.Node) []*parse.CommandNode {
	if inner, isPipe := arg.(*parse.PipeNode); isPipe {
		return inner.Cmds
	}
	return []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: arg.Position(), Args: []parse.Node{arg}}}
}

// turn makes {{if .A}}…{{else}}…{{end}} of {{if not .A}}…{{end}}: a call less.
func turn(n *parse.IfNode) {
	if len(n.Pipe.Decl) != 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 2 {
		return
	}
	args := n.Pipe.Cmds[0].Args
	if name, isName := args[0].(*parse.IdentifierNode); !isName || name.Ident != "not" {
		return
	}
	n.Pipe.Cmds = condition(args[1])
	if n.ElseList == nil {
		n.ElseList = &parse.ListNode{NodeType: parse.NodeList, Pos: n.List.Pos}
	}
	n.List, n.ElseList = n.ElseList, n.List
}

// join puts one call in the place of {{t (print "prefix." .Rest)}}, the commonest of all.
func join(n *parse.ActionNode) bool {
	if len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 2 {
		return false
	}
	call := n.Pipe.Cmds[0]
	name, isName := call.Args[0].(*parse.IdentifierNode)
	inner, isPipe := call.Args[1].(*parse.PipeNode)
	if !isName || name.Ident != "t" || !isPipe || len(inner.Decl) != 0 || len(inner.Cmds) != 1 || len(inner.Cmds[0].Args) != 3 {
		return false
	}
	args := inner.Cmds[0].Args
	print, isName := args[0].(*parse.IdentifierNode)
	if _, isText := args[1].(*parse.StringNode); !isName || print.Ident != "print" || !isText {
		return false
	}
	name.Ident = "joined"
	call.Args = []parse.Node{name, args[1], args[2]}
	return true
}

// fixed returns what an action always writes; ok is false when that depends on the page.
func (x tools) fixed(n *parse.ActionNode) (text template.HTML, ok bool) {
	if len(n.Pipe.Decl) != 0 || len(n.Pipe.Cmds) != 1 {
		return "", false
	}
	name, isName := n.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	if !isName {
		return "", false
	}
	var args []string
	for _, arg := range n.Pipe.Cmds[0].Args[1:] {
		s, isText := arg.(*parse.StringNode)
		if !isText {
			return "", false
		}
		args = append(args, s.Text)
	}
	return x.constant(name.Ident, args)
}

// constant calls a function that looks at nothing but its arguments.
func (x tools) constant(name string, args []string) (text template.HTML, ok bool) {
	switch {
	case name == "icon" && len(args) > 0:
		return x.icon(args[0], args[1:]...), true
	case name == "t" && len(args) == 1:
		return template.HTML(template.HTMLEscapeString(x.words.T(args[0]))), true
	case name == "asset" && len(args) == 1:
		return template.HTML(template.HTMLEscapeString(x.asset(args[0]))), true
	case name == "lang" && len(args) == 0:
		return template.HTML(template.HTMLEscapeString(x.words.Lang())), true
	case name == "languages" && len(args) == 0:
		return x.languages(), true
	case name == "dir" && len(args) == 0:
		return template.HTML(template.HTMLEscapeString(x.words.Dir())), true
	}
	return "", false
}
