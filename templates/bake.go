package templates

import (
	"html/template"
	"text/template/parse"

	"rekey/internal/i18n"
)

// bake replaces every {{t "key"}} that has no values by its words, so that a page is not
// put together anew from words that never change.
func bake(page *template.Template, words *i18n.Localizer) {
	for _, t := range page.Templates() {
		if t.Tree != nil {
			bakeList(t.Tree.Root, words)
		}
	}
}

func bakeList(list *parse.ListNode, words *i18n.Localizer) {
	if list == nil {
		return
	}
	for i, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if key, ok := fixed(n); ok {
				text := template.HTMLEscapeString(words.T(key))
				list.Nodes[i] = &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(text)}
			}
		case *parse.IfNode:
			bakeList(n.List, words)
			bakeList(n.ElseList, words)
		case *parse.RangeNode:
			bakeList(n.List, words)
			bakeList(n.ElseList, words)
		case *parse.WithNode:
			bakeList(n.List, words)
			bakeList(n.ElseList, words)
		}
	}
}

// fixed returns the key of an action that is exactly {{t "key"}}.
func fixed(n *parse.ActionNode) (key string, ok bool) {
	if len(n.Pipe.Decl) != 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 2 {
		return "", false
	}
	name, isName := n.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	text, isText := n.Pipe.Cmds[0].Args[1].(*parse.StringNode)
	if !isName || !isText || name.Ident != "t" {
		return "", false
	}
	return text.Text, true
}
