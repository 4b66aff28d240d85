package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"rekey/internal/store/storetest/pg"
)

// A site serves with a role of the database that cannot change the audit log.
func TestMigrate_AUD4_AServingRole(t *testing.T) {
	server := pg.Start(t)
	owner, data := server.URL("public"), t.TempDir()
	first, d := startSiteWith(t, func(c *demoCommand) { c.Data, c.Database = data, owner })
	first.ordinary()
	execute(t, server, `CREATE ROLE rekey_serve LOGIN`)
	var out, errs bytes.Buffer
	args := []string{"migrate", "--data", data, "--database", owner, "--serving-role", "rekey_serve"}
	if code := run(context.Background(), args, streams{out: &out, err: &errs, env: os.LookupEnv}); code != exitOK {
		t.Fatalf("rekey %s: exit %d %s", strings.Join(args, " "), code, &errs)
	}
	serving := strings.Replace(owner, "postgres@", "rekey_serve@", 1)
	if serving == owner {
		serving += "&user=rekey_serve"
	}
	s := startSite(t, func(c *demoCommand) { c.Database, c.Tenant = serving, d.BaseURL })
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	v.send(change, "code", s.code(firstNew))
	s.applied(maya, firstNew)
	v.ends(change, true)
}
