package message

import (
	"bytes"
	_ "embed"
	"html/template"
	"strings"
)

// Letter is a mail in words. It is written twice, as plain text and as HTML, from the same
// parts, so that both say the same.
type Letter struct {
	Subject      string
	organisation string
	lang, dir    string
	parts        []part
}

// part is a paragraph: its lines, and what stands out in them, if anything.
type part struct {
	lines  []string
	strong string
	facts  bool // its lines are facts, one to a line
	// link is an address that its one line is. Among words of either direction it stays in one
	// piece, and so that programs find its end there is nothing else on the line.
	link string
}

func newLetter(w Words, subject, organisation string) Letter {
	return Letter{Subject: subject, organisation: organisation, lang: w.Lang(), dir: w.Dir()}
}

// say adds a paragraph; none that is empty.
func (l *Letter) say(text string) {
	if text != "" {
		l.parts = append(l.parts, part{lines: []string{text}})
	}
}

// In returns the message with the letter in it.
func (l Letter) In(m Message) Message {
	m.Subject, m.Body, m.HTML = l.Subject, l.Text(), l.HTML()
	return m
}

// Text writes the letter as plain text, with an empty line between the paragraphs.
func (l Letter) Text() string {
	var paragraphs []string
	for _, p := range l.parts {
		paragraphs = append(paragraphs, strings.Join(p.lines, "\n"))
	}
	return strings.Join(paragraphs, "\n\n") + "\n"
}

//go:embed letter.html
var letterHTML string

// shown is what the HTML of a letter is made of.
type shown struct {
	Lang, Dir, Subject, Organisation string
	Parts                            []shownPart
}

// shownPart is a paragraph: each line in pieces, of which the strong ones stand out.
type shownPart struct {
	Facts bool
	Lines [][]piece
}

type piece struct {
	Text   string
	Strong bool
	Link   bool // the text is an address
}

// HTML writes the letter as HTML that old mail programs understand as well: no tables, no
// pictures, nothing from anywhere else. A link shows the very address that it leads to. Whatever is in it is escaped.
func (l Letter) HTML() string {
	page := shown{Lang: l.lang, Dir: l.dir, Subject: l.Subject, Organisation: l.organisation}
	for _, p := range l.parts {
		one := shownPart{Facts: p.facts}
		for _, line := range p.lines {
			one.Lines = append(one.Lines, p.pieces(line))
		}
		page.Parts = append(page.Parts, one)
	}
	// Parsed anew for each mail, in a fraction of a millisecond: a mail is rare.
	t := template.Must(template.New("letter").Parse(letterHTML))
	var b bytes.Buffer
	if err := t.Execute(&b, page); err != nil {
		return "" // the mail goes without: its text says it all
	}
	return b.String()
}

// pieces parts a line at what stands out in it.
func (p part) pieces(line string) []piece {
	if p.link != "" {
		return []piece{{Text: p.link, Link: true}}
	}
	if before, after, ok := strings.Cut(line, p.strong); ok && p.strong != "" {
		return []piece{{Text: before}, {Text: p.strong, Strong: true}, {Text: after}}
	}
	return []piece{{Text: line}}
}
