package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rekey/internal/contact"
	"rekey/internal/digit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/retirement"
	"rekey/internal/web"
)

// Retirements is the journey off an old phone; see retirement.Service for the faults.
type Retirements interface {
	Open(ctx context.Context, person directory.PersonID) (retirement.Retirement, error)
	Going(ctx context.Context, person directory.PersonID) (bool, error)
	View(ctx context.Context, a contact.Actor) (retirement.View, error)
	Read(ctx context.Context, a contact.Actor) (retirement.View, error)
	Begin(ctx context.Context, a contact.Actor, s retirement.Situation) (retirement.Retirement, error)
	Answer(ctx context.Context, a contact.Actor, moves retirement.Reply) (retirement.Retirement, error)
	Take(ctx context.Context, a contact.Actor, old []string) (retirement.Retirement, error)
	Waive(ctx context.Context, a contact.Actor, w retirement.Want, without bool) (retirement.Retirement, error)
	Plan(ctx context.Context, a contact.Actor, day time.Time) (retirement.Retirement, error)
	Unplan(ctx context.Context, a contact.Actor) error
	Confirm(ctx context.Context, a contact.Actor) (retirement.Retirement, error)
	Again(ctx context.Context, a contact.Actor) (retirement.Retirement, error)
	SignOut(ctx context.Context, a contact.Actor) error
	SignedIn(ctx context.Context, a contact.Actor) error
	Finish(ctx context.Context, a contact.Actor) (retirement.Retirement, error)
	Stop(ctx context.Context, a contact.Actor) error
	Look(ctx context.Context, a contact.Actor) error
	QuietLook(ctx context.Context, a contact.Actor) error
	NextLook(ctx context.Context, a contact.Actor) (time.Time, error)
	OldDevices(ctx context.Context, a contact.Actor, r retirement.Retirement) ([]directory.Device, error)
}

const newPhonePath = "/new-phone"

func taskPath(t retirement.TaskName) string { return newPhonePath + "/" + string(t) }

// The forms of the move.
type (
	situationForm struct {
		Situation string `form:"situation"`
	}
	movesForm struct {
		Moves string `form:"moves"`
	}
	oldForm struct {
		Old []string `form:"old"`
	}
	waiveForm struct {
		Want    string `form:"want"`
		Without string `form:"without"`
	}
	dayForm struct {
		Year  string `form:"year"`
		Month string `form:"month"`
		Date  string `form:"date"`
	}
	lookForm struct {
		Task  string `form:"task"`
		Quiet string `form:"quiet"`
	}
)

// mountNewPhone registers the pages and forms of the move off an old phone.
func (h *Handlers) mountNewPhone(s *web.Site) {
	s.Page(newPhonePath, h.own(h.newPhone))
	web.Form(s, newPhonePath, ownForm(h.begin))
	s.Page(newPhonePath+"/situation", h.own(h.situation))
	s.Page(newPhonePath+"/number", h.own(h.askNumber))
	web.Form(s, newPhonePath+"/number", ownForm(h.answerNumber))
	for _, t := range []retirement.TaskName{retirement.Inventory, retirement.Place, retirement.Prove, retirement.CheckTask,
		retirement.TakeOff, retirement.SignOut, retirement.SignIn, retirement.HandIn} {
		s.Page(taskPath(t), h.own(func(c *web.Context) error { return h.task(c, t, http.StatusOK, nil) }))
	}
	web.Form(s, taskPath(retirement.Inventory), ownForm(h.takeInventory))
	web.Form(s, taskPath(retirement.Place), ownForm(h.waive))
	web.Form(s, taskPath(retirement.TakeOff), ownForm(func(c *web.Context, _ struct{}) error {
		_, err := h.Retirements.Confirm(c.Ctx(), h.actor(c))
		return h.did(c, retirement.TakeOff, err)
	}))
	web.Form(s, taskPath(retirement.TakeOff)+"/again", ownForm(func(c *web.Context, _ struct{}) error {
		_, err := h.Retirements.Again(c.Ctx(), h.actor(c))
		return h.did(c, retirement.TakeOff, err)
	}))
	web.Form(s, taskPath(retirement.SignOut), ownForm(func(c *web.Context, _ struct{}) error {
		return h.did(c, retirement.SignOut, h.Retirements.SignOut(c.Ctx(), h.actor(c)))
	}))
	web.Form(s, taskPath(retirement.HandIn), ownForm(h.finish))
	s.Page(newPhonePath+"/day", h.own(func(c *web.Context) error { return h.planDay(c, http.StatusOK, nil, nil) }))
	web.Form(s, newPhonePath+"/day", ownForm(h.setDay))
	web.Form(s, newPhonePath+"/day/cancel", ownForm(func(c *web.Context, _ struct{}) error {
		return h.backToList(c, h.Retirements.Unplan(c.Ctx(), h.actor(c)))
	}))
	web.Form(s, newPhonePath+"/look", ownForm(h.lookNow))
	web.Form(s, newPhonePath+"/stop", ownForm(func(c *web.Context, _ struct{}) error {
		if err := h.Retirements.Stop(c.Ctx(), h.actor(c)); err != nil {
			return h.toList(c, err)
		}
		return c.SeeOther("/")
	}))
	s.PublicPage("/help", h.help)
}

// newPhone shows the list, or the question that comes first.
func (h *Handlers) newPhone(c *web.Context) error {
	v, err := h.Retirements.View(c.Ctx(), h.actor(c))
	switch {
	case fault.Is(err, fault.NotFound):
		return c.Page(http.StatusOK, h.situationPage(c, "", "", nil))
	case err != nil:
		return h.toList(c, err)
	case v.Retirement.Situation == retirement.NewPhone && v.Retirement.Moves == retirement.Unasked:
		return h.showNumber(c, http.StatusOK, nil)
	}
	return c.Page(http.StatusOK, h.listPage(c, v))
}

// situation asks the first question once more.
func (h *Handlers) situation(c *web.Context) error {
	r, err := h.Retirements.Open(c.Ctx(), c.Session.Person)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return c.Page(http.StatusOK, h.situationPage(c, string(r.Situation), string(r.Situation), nil))
}

// begin answers it.
func (h *Handlers) begin(c *web.Context, form situationForm) error {
	_, err := h.Retirements.Begin(c.Ctx(), h.actor(c), retirement.Situation(form.Situation))
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		return c.Page(http.StatusUnprocessableEntity, h.situationPage(c, "", "", f))
	}
	return h.backToList(c, err)
}

func (h *Handlers) askNumber(c *web.Context) error { return h.showNumber(c, http.StatusOK, nil) }

func (h *Handlers) showNumber(c *web.Context, status int, f *fault.Error) error {
	r, err := h.Retirements.Open(c.Ctx(), c.Session.Person)
	if err != nil {
		return h.toList(c, err)
	}
	if r.Situation != retirement.NewPhone {
		return c.SeeOther(newPhonePath)
	}
	page := h.situationPage(c, string(r.Situation), string(r.Situation), f)
	page.AskNumber, page.Number, page.Moves = true, h.present(c, directory.Phone), string(r.Moves)
	return c.Page(status, page)
}

func (h *Handlers) answerNumber(c *web.Context, form movesForm) error {
	_, err := h.Retirements.Answer(c.Ctx(), h.actor(c), retirement.Reply(form.Moves))
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		f = fault.At("moves", f.Key, nil)
		return h.showNumber(c, http.StatusUnprocessableEntity, f)
	}
	return h.backToList(c, err)
}

// task shows one task; f, if not nil, says what is in the way of what was asked there. A
// task whose turn has not come leads to the list.
func (h *Handlers) task(c *web.Context, t retirement.TaskName, status int, f *fault.Error) error {
	read := h.Retirements.View
	if t == retirement.HandIn { // what is said there holds now, or is not said
		read = h.Retirements.Read
	}
	v, err := read(c.Ctx(), h.actor(c))
	if err != nil {
		return h.toList(c, err)
	}
	if !listed(v, t) || !retirement.Reached(v.Retirement, v.Facts, t) && v.Retirement.Finished.IsZero() {
		return c.SeeOther(newPhonePath)
	}
	page, err := h.taskPage(c, v, t, f)
	if err != nil {
		return err
	}
	return c.Page(status, page)
}

// listed reports whether the list of a move has the task.
func listed(v retirement.View, t retirement.TaskName) bool {
	return slices.ContainsFunc(v.Tasks, func(x retirement.Task) bool { return x.Name == t })
}

// did shows what became of what was asked at a task.
func (h *Handlers) did(c *web.Context, t retirement.TaskName, err error) error {
	f := fault.As(err)
	switch {
	case err == nil:
		return c.SeeOther(taskPath(t))
	case f == nil:
		return err
	case f.Kind == fault.StepUp:
		return c.Page(http.StatusOK, h.againPage(c, h.subject(c, directory.Phone), taskPath(t), "take-off", ""))
	case f.Kind == fault.Invalid:
		return h.task(c, t, http.StatusUnprocessableEntity, f)
	}
	return h.toList(c, err)
}

// finish ends the move: with the sentence and the receipt, or, where no phone goes, with
// the list.
func (h *Handlers) finish(c *web.Context, _ struct{}) error {
	r, err := h.Retirements.Finish(c.Ctx(), h.actor(c))
	if err == nil && r.Situation == retirement.NewNumber {
		return c.SeeOther(newPhonePath)
	}
	return h.did(c, retirement.HandIn, err)
}

// toList says what is in the way, and leads to the list.
func (h *Handlers) toList(c *web.Context, err error) error {
	f := fault.As(err)
	if f == nil {
		return err
	}
	told := *f
	switch told.Kind {
	case fault.Limited, fault.Unavailable:
		if told.Until.IsZero() {
			told.Until = c.Now().Add(retryTime)
		}
		c.RetryAfter(told.Until)
	}
	return c.Problem(&told, newPhonePath, web.LinkNewPhone)
}

func (h *Handlers) backToList(c *web.Context, err error) error {
	if err != nil {
		return h.toList(c, err)
	}
	return c.SeeOther(newPhonePath)
}

func (h *Handlers) takeInventory(c *web.Context, form oldForm) error {
	_, err := h.Retirements.Take(c.Ctx(), h.actor(c), form.Old)
	return h.backToList(c, err)
}

func (h *Handlers) waive(c *web.Context, form waiveForm) error {
	_, err := h.Retirements.Waive(c.Ctx(), h.actor(c), retirement.Want(form.Want), form.Without == "yes")
	return h.did(c, retirement.Place, err)
}

// planDay asks for the day on which the new number works.
func (h *Handlers) planDay(c *web.Context, status int, typed *dayForm, f *fault.Error) error {
	v, err := h.Retirements.View(c.Ctx(), h.actor(c))
	if err != nil {
		return h.toList(c, err)
	}
	if !v.Retirement.Open() || !v.Retirement.Plannable() {
		return c.SeeOther(newPhonePath)
	}
	return c.Page(status, h.dayPage(c, v, typed, f))
}

func (h *Handlers) setDay(c *web.Context, form dayForm) error {
	day, ok := parseDay(form, c.Zone())
	if !ok {
		return h.planDay(c, http.StatusUnprocessableEntity, &form, fault.At("date", "day.not-a-day", nil))
	}
	_, err := h.Retirements.Plan(c.Ctx(), h.actor(c), day)
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		return h.planDay(c, http.StatusUnprocessableEntity, &form, fault.At("date", f.Key, nil))
	}
	return h.backToList(c, err)
}

// parseDay reads a day as typed, digits of other scripts too; it must be a real one.
func parseDay(form dayForm, zone *time.Location) (time.Time, bool) {
	y, errY := whole(form.Year)
	m, errM := whole(form.Month)
	d, errD := whole(form.Date)
	if errY != nil || errM != nil || errD != nil || y < 2000 || y > 9999 {
		return time.Time{}, false
	}
	day := time.Date(y, time.Month(m), d, 0, 0, 0, 0, zone)
	return day, day.Year() == y && day.Month() == time.Month(m) && day.Day() == d
}

func whole(typed string) (int, error) {
	return strconv.Atoi(strings.Map(digit.ASCII, strings.TrimSpace(typed)))
}

// lookNow has the directory looked at. A page that does so by itself reads no answer.
func (h *Handlers) lookNow(c *web.Context, form lookForm) error {
	if form.Quiet != "" {
		if err := h.Retirements.QuietLook(c.Ctx(), h.actor(c)); err != nil {
			h.Log.Info("a quiet look came to nothing", "request", c.ID, "err", err)
		}
		return c.NoContent()
	}
	err := h.Retirements.Look(c.Ctx(), h.actor(c))
	if err != nil {
		return h.toList(c, err)
	}
	for _, t := range []retirement.TaskName{retirement.Place, retirement.Prove, retirement.CheckTask, retirement.TakeOff} {
		if form.Task == string(t) {
			return c.SeeOther(taskPath(t))
		}
	}
	return c.SeeOther(newPhonePath)
}

// help is the page of those who cannot sign in at all.
func (h *Handlers) help(c *web.Context) error { return c.Page(http.StatusOK, h.helpPage(c)) }
