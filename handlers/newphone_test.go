package handlers_test

import (
	"context"
	"time"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/retirement"
)

// noMove is the journey off a phone of people who are on none.
type noMove struct{}

func none() error { return fault.New(fault.NotFound, "new-phone.none") }

func (noMove) Open(context.Context, directory.PersonID) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) Going(context.Context, directory.PersonID) (bool, error) { return false, nil }
func (noMove) View(context.Context, contact.Actor) (retirement.View, error) {
	return retirement.View{}, none()
}
func (noMove) Read(context.Context, contact.Actor) (retirement.View, error) {
	return retirement.View{}, none()
}
func (noMove) Begin(_ context.Context, _ contact.Actor, s retirement.Situation) (retirement.Retirement, error) {
	if !s.Known() {
		return retirement.Retirement{}, fault.At("situation", "new-phone.choose", nil)
	}
	return retirement.Retirement{}, nil
}
func (noMove) Answer(context.Context, contact.Actor, retirement.Reply) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) Take(context.Context, contact.Actor, []string) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) Waive(context.Context, contact.Actor, retirement.Want, bool) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) Plan(context.Context, contact.Actor, time.Time) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) Unplan(context.Context, contact.Actor) error { return none() }
func (noMove) Confirm(context.Context, contact.Actor) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) Again(context.Context, contact.Actor) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) SignOut(context.Context, contact.Actor) error  { return none() }
func (noMove) SignedIn(context.Context, contact.Actor) error { return nil }
func (noMove) Finish(context.Context, contact.Actor) (retirement.Retirement, error) {
	return retirement.Retirement{}, none()
}
func (noMove) Stop(context.Context, contact.Actor) error      { return none() }
func (noMove) Look(context.Context, contact.Actor) error      { return none() }
func (noMove) QuietLook(context.Context, contact.Actor) error { return none() }
func (noMove) NextLook(context.Context, contact.Actor) (time.Time, error) {
	return time.Time{}, nil
}
func (noMove) OldDevices(context.Context, contact.Actor, retirement.Retirement) ([]directory.Device, error) {
	return nil, nil
}
