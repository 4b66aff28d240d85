package storetest

import (
	"bytes"
	"testing"
	"time"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/notice"
)

func aNotice(id string) notice.Notice {
	return notice.Notice{ID: id, Person: person(1), Flow: "flow-1", Channel: message.Mail, To: "canary-home@example.net", ToMask: "c••••@example.net",
		What: "phone.changed", Masked: "+1 •••-•••-••43", Old: "+1 •••-•••-••42", At: at(0), Created: at(time.Second),
		Language: "en", Zone: "Europe/Berlin", Browser: "Chrome on Windows", Network: "Office", State: notice.Waiting, Moved: at(0)}
}

func noticeRoundTrip(t *testing.T, f Fixture) {
	ctx := t.Context()
	want := aNotice("n-1")
	check(t, "AddNotice", f.Store.AddNotice(ctx, want))
	if got, err := f.Store.Notice(ctx, "n-1"); err != nil || got != want {
		t.Errorf("Notice = %+v, %v, want %+v", got, err, want)
	}
	if _, err := f.Store.Notice(ctx, "n-2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Notice of nobody = %v, want not-found", err)
	}
	other := aNotice("n-3")
	other.Flow = "flow-2"
	check(t, "AddNotice", f.Store.AddNotice(ctx, other))
	if got, err := f.Store.NoticesOf(ctx, "flow-1"); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("NoticesOf = %+v, %v, want the one of the flow", got, err)
	}
	if n, err := f.Store.CountNotices(ctx, notice.Waiting); err != nil || n != 2 {
		t.Errorf("CountNotices(waiting) = %d, %v, want 2", n, err)
	}
	if raw := f.Raw(t); bytes.Contains(raw, []byte("canary-home")) {
		t.Error("the address of a notice is at rest in the clear")
	}
}

// Of many workers that end a notice one does, and where it went is erased.
func noticeEndsOnce(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "AddNotice", f.Store.AddNotice(ctx, aNotice("n-1")))
	ended := count(t, 16, func(int) (bool, error) { return f.Store.EndNotice(ctx, "n-1", notice.Sent, at(time.Minute)) })
	got, err := f.Store.Notice(ctx, "n-1")
	if err != nil || ended != 1 || got.State != notice.Sent || got.To != "" || got.ToMask == "" || !got.Moved.Equal(at(time.Minute)) {
		t.Errorf("after %d ends the notice is %+v, %v, want one end, and no destination", ended, got, err)
	}
}

func noticeFormers(t *testing.T, f Fixture) {
	ctx := t.Context()
	former := notice.Former{ID: "f-1", Person: person(1), Method: directory.Method{Kind: directory.Phone, Value: "+12025550142"}, Until: at(notice.Keep)}
	check(t, "AddFormer", f.Store.AddFormer(ctx, former))
	if got, err := f.Store.Formers(ctx, person(1), former.Until.Add(-time.Microsecond)); err != nil || len(got) != 1 || got[0] != former {
		t.Errorf("Formers before the end = %+v, %v, want %+v", got, err, former)
	}
	if got, err := f.Store.Formers(ctx, person(2), at(0)); err != nil || len(got) != 0 {
		t.Errorf("Formers of somebody else = %+v, %v, want none", got, err)
	}
	if got, err := f.Store.Formers(ctx, person(1), former.Until); err != nil || len(got) != 0 {
		t.Errorf("Formers at the end = %+v, %v, want none", got, err)
	}
	if bytes.Contains(f.Raw(t), []byte("2025550142")) {
		t.Error("a former contact is at rest in the clear")
	}
	n, err := f.Store.Sweep(ctx, former.Until)
	if err != nil || n.Formers != 1 {
		t.Errorf("Sweep at the end = %+v, %v, want one former contact erased", n, err)
	}
}

// Taking a contact off the account proves nothing.
func changeRemovalProvesNothing(t *testing.T, f Fixture) {
	ctx := t.Context()
	c := change("a", 1, contact.Applying)
	c.Act = contact.Remove
	check(t, "AddChange", f.Store.AddChange(ctx, c))
	from := c.State
	c.State = contact.Applied
	if ok, err := f.Store.SaveChange(ctx, c, from); err != nil || !ok {
		t.Fatalf("SaveChange = %v, %v", ok, err)
	}
	if _, proofs, err := f.Store.Overview(ctx, c.Person); err != nil || len(proofs) != 0 {
		t.Errorf("LastProved after a removal = %v, %v, want none", proofs, err)
	}
}
