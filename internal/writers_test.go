package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWriters_CHG6 lists everything that writes a contact or a password to the directory, or
// marks a change or a reset as proved: one path each. Whoever adds a second one meets this test first.
func TestWriters_CHG6(t *testing.T) {
	writers, provers := map[string]bool{}, map[string]bool{}
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if strings.Contains(path, "internal/emulator/") || strings.Contains(path, "directorytest") || strings.Contains(path, "storetest") {
			return nil // the directory itself, and the tests of ports
		}
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"AddContact", "UpdateContact", "RemoveContact", "RemoveMethod", "Consume", "SetPassword"}, s.Sel.Name) {
					writers[filepath.ToSlash(path)+" "+s.Sel.Name] = true
				}
			case *ast.AssignStmt:
				for _, v := range n.Rhs {
					if id, ok := v.(*ast.Ident); ok && (id.Name == "Applying" || id.Name == "Proved") {
						provers[filepath.ToSlash(path)+" "+id.Name] = true
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "calls that write a contact or a password, or use up a proof", writers, "../internal/contact/apply.go AddContact",
		"../internal/contact/apply.go UpdateContact", "../internal/contact/apply.go RemoveContact", "../internal/retirement/taker.go RemoveMethod",
		"../internal/directory/graph/remove.go RemoveContact", "../internal/contact/redeem.go Consume", "../internal/verification/verification.go Consume",
		"../internal/reset/text.go Consume", "../internal/reset/password.go SetPassword", "../handlers/reset.go SetPassword",
		"../internal/directory/graph/administrator.go SetPassword") // the last one puts it into the body of the write
	same(t, "places that set a change or a reset to proved or applying", provers, "../internal/contact/redeem.go Applying", "../internal/contact/remove.go Applying", "../internal/contact/redeem.go Proved",
		"../internal/reset/text.go Proved", "../internal/reset/password.go Proved") // a reset whose password was not taken goes back to where it was
}

func same(t *testing.T, what string, got map[string]bool, want ...string) {
	t.Helper()
	var list []string
	for g := range got {
		list = append(list, g)
	}
	slices.Sort(list)
	slices.Sort(want)
	if !slices.Equal(list, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(list, "\n"), strings.Join(want, "\n"))
	}
}
