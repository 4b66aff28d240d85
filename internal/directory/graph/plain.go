package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	abs "github.com/microsoft/kiota-abstractions-go"
)

// resource is something that is read as plain JSON: the SDK's packages for policies, roles
// and logs would be compiled for one call each.
type resource struct {
	path  string            // a URI template: "/users/{id}/…"
	names map[string]string // values of the template; they are escaped
	query map[string]string // "$filter" and the like
	// cast says that the path ends with a type: only some of a list's objects are wanted. Graph
	// documents that this takes a header, on every page, and $count.
	cast bool
}

// plain reads a resource within a call, and returns its JSON.
func (c *Client) plain(ctx context.Context, r resource) ([]byte, error) {
	names, query := map[string]string{"baseurl": c.users.PathParameters["baseurl"]}, ""
	for k, v := range r.names {
		names[k] = v
	}
	request := abs.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(abs.GET, "", names)
	if r.cast {
		request.Headers.Add("ConsistencyLevel", "eventual")
		request.QueryParameters["%24count"], query = "true", "{?%24count"
	}
	for k, v := range r.query {
		name := url.QueryEscape(k)
		request.QueryParameters[name] = v
		if query == "" {
			query = "{?" + name
		} else {
			query += "," + name
		}
	}
	if query != "" {
		query += "}"
	}
	request.UrlTemplate = "{+baseurl}" + r.path + query
	return c.fetch(ctx, request)
}

// next reads the page that an answer leads to. The gate refuses one on another host.
func (c *Client) next(ctx context.Context, r resource, link string) ([]byte, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, errOdd
	}
	request := abs.NewRequestInformation()
	request.Method = abs.GET
	request.SetUri(*u)
	if r.cast {
		request.Headers.Add("ConsistencyLevel", "eventual")
	}
	return c.fetch(ctx, request)
}

func (c *Client) fetch(ctx context.Context, request *abs.RequestInformation) ([]byte, error) {
	request.Headers.TryAdd("Accept", "application/json")
	answer, err := c.users.RequestAdapter.SendPrimitive(ctx, request, "[]byte", nil)
	if err != nil {
		return nil, err
	}
	text, _ := answer.([]byte)
	return text, nil
}

// list is an answer of Graph that has pages.
type list[T any] struct {
	Next  string `json:"@odata.nextLink"`
	Value []*T   `json:"value"`
}

// mostPages bounds how long a list is read.
const mostPages = 10

// pages reads a list, one call for each page; whole is false when there is more than that.
func pages[T any](ctx context.Context, c *Client, op operation, r resource, each func(T)) (whole bool, err error) {
	link := ""
	for range mostPages {
		var page list[T]
		err := c.call(ctx, op, func(ctx context.Context) error {
			var text []byte
			var err error
			if link == "" {
				text, err = c.plain(ctx, r)
			} else {
				text, err = c.next(ctx, r, link)
			}
			if err != nil {
				return err
			}
			if err := json.Unmarshal(text, &page); err != nil || page.Value == nil || slices.Contains(page.Value, nil) {
				return errOdd
			}
			return nil
		})
		if errors.Is(err, errNotThere) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		for _, v := range page.Value {
			each(*v)
		}
		if link = page.Next; link == "" {
			return true, nil
		}
	}
	return false, nil
}
