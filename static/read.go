package static

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed css/*.css js/*.js img/*.svg
var embedded embed.FS

// styles are the style files in the order of the sheet. The first one states the order of
// the layers; within a layer the later rule wins.
func styles() []string {
	return strings.Fields(`tokens theme base layout
		icon words frame card rows mark bar button form choices more facts panel tasks trail picture
		reset handset print forced`)
}

// scripts are the script files in the order of the script.
func scripts() []string {
	return strings.Fields(`poll look left code country zone password submit focus menu`)
}

// read returns the content of every file by its name.
func read() (map[string][]byte, error) {
	style, err := join("css/", styles(), ".css", withoutStyleComments)
	if err != nil {
		return nil, err
	}
	script, err := join("js/", scripts(), ".js", withoutLineComments)
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{Style: style, Script: script}
	pictures, err := embedded.ReadDir("img")
	if err != nil {
		return nil, err
	}
	for _, picture := range pictures {
		if contents[picture.Name()], err = embedded.ReadFile(path.Join("img", picture.Name())); err != nil {
			return nil, err
		}
	}
	return contents, nil
}

// join returns files one after the other, each cleaned, without indentation and empty lines.
func join(folder string, names []string, ending string, clean func(string) (string, error)) ([]byte, error) {
	var all bytes.Buffer
	for _, name := range names {
		content, err := embedded.ReadFile(folder + name + ending)
		if err != nil {
			return nil, err
		}
		text, err := clean(string(content))
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", name, ending, err)
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				all.WriteString(line + "\n")
			}
		}
	}
	return all.Bytes(), nil
}

// withoutStyleComments drops comments, except those that begin with "/*!": they are the
// notices of others. The sheet has no string that looks like a comment.
func withoutStyleComments(text string) (string, error) {
	var kept strings.Builder
	for {
		before, rest, found := strings.Cut(text, "/*")
		kept.WriteString(before)
		if !found {
			return kept.String(), nil
		}
		comment, after, closed := strings.Cut(rest, "*/")
		if !closed {
			return "", fmt.Errorf("a comment without an end")
		}
		if strings.HasPrefix(comment, "!") {
			kept.WriteString("/*" + comment + "*/")
		}
		text = after
	}
}

// withoutLineComments drops the lines of a script that are a comment. No string of the
// script goes over several lines.
func withoutLineComments(text string) (string, error) {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") {
			kept.WriteString(line)
		}
	}
	return kept.String(), nil
}
