package config

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a piece of the file, or the text of a variable.
type node struct {
	kind   kind
	line   int
	text   string
	items  []node
	fields []field
}

type field struct {
	name  string
	line  int
	value node
}

type kind int

const (
	nothing kind = iota // an empty value: as if the setting were not there
	scalar
	list
	mapping
)

// parseYAML reads a file of one document. Its error names the line and nothing of what
// stands there.
func parseYAML(data []byte) (node, error) {
	file, err := parser.ParseBytes(data, 0)
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil:
		return node{}, fmt.Errorf("line %d is not good YAML: check indentation, quotes, and that no name stands there twice", syntax.Token.Position.Line)
	case err != nil:
		return node{}, errors.New("it is not good YAML: check indentation and quotes")
	case len(file.Docs) == 0:
		return node{}, nil
	case len(file.Docs) > 1:
		return node{}, errors.New("it holds more than one document: leave out the line with three dashes")
	}
	return convert(file.Docs[0].Body)
}

func convert(tree ast.Node) (node, error) {
	switch n := tree.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return node{}, nil
	case *ast.StringNode:
		return node{kind: scalar, line: lineOf(n), text: n.Value}, nil
	case *ast.LiteralNode:
		return node{kind: scalar, line: lineOf(n), text: n.Value.Value}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node{kind: scalar, line: lineOf(n), text: n.GetToken().Value}, nil
	case *ast.SequenceNode:
		return convertList(n)
	case *ast.MappingNode:
		return convertMapping(n, n.Values)
	case *ast.MappingValueNode:
		return convertMapping(n, []*ast.MappingValueNode{n})
	}
	return node{}, fmt.Errorf("line %d has an anchor, an alias or a tag: write the value itself", lineOf(tree))
}

func convertList(n *ast.SequenceNode) (node, error) {
	made := node{kind: list, line: lineOf(n)}
	for _, value := range n.Values {
		item, err := convert(value)
		if err != nil {
			return node{}, err
		}
		made.items = append(made.items, item)
	}
	return made, nil
}

func convertMapping(n ast.Node, values []*ast.MappingValueNode) (node, error) {
	made := node{kind: mapping, line: lineOf(n)}
	for _, v := range values {
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			return node{}, fmt.Errorf("line %d merges an anchor: write the values themselves", lineOf(v.Key))
		}
		value, err := convert(v.Value)
		if err != nil {
			return node{}, err
		}
		made.fields = append(made.fields, field{name: v.Key.GetToken().Value, line: lineOf(v.Key), value: value})
	}
	return made, nil
}

func lineOf(n ast.Node) int {
	if token := n.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}
