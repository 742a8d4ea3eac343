// Command grafana signs one person in as Grafana's generic OAuth does: by x/oauth2 with a style of
// authentication that is found out, the payload of the ID token unverified, then userinfo, then the
// list of addresses; the role by a JMESPath. It tells what it made of them.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/jmespath-community/go-jmespath"
	"golang.org/x/oauth2"
)

// person is what an account is made of.
type person struct {
	ID      string   `json:"id"`
	Login   string   `json:"login"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Role    string   `json:"role"`
	Groups  []string `json:"groups"`
	Sources []string `json:"sources"`
	Listed  int      `json:"listed"`
}

type app struct {
	config   oauth2.Config
	userinfo string
	role     string
	groups   string
	emails   bool
}

func main() {
	issuer := flag.String("issuer", "", "the issuer")
	client := flag.String("client", "", "the client_id")
	listen := flag.String("listen", "", "the address to listen on")
	scopes := flag.String("scopes", "openid profile email", "the scopes")
	role := flag.String("role", "", "role_attribute_path")
	groups := flag.String("groups", "groups", "groups_attribute_path")
	emails := flag.Bool("emails", false, "take no address from a token, and ask for the list")
	flag.Parse()

	app := &app{
		config: oauth2.Config{
			ClientID:     *client,
			ClientSecret: os.Getenv("CLIENT_SECRET"),
			Endpoint: oauth2.Endpoint{
				AuthURL:   *issuer + "/authorize",
				TokenURL:  *issuer + "/token",
				AuthStyle: oauth2.AuthStyleAutoDetect,
			},
			RedirectURL: "http://" + *listen + "/callback",
			Scopes:      strings.Fields(*scopes),
		},
		userinfo: *issuer + "/userinfo",
		role:     *role,
		groups:   *groups,
		emails:   *emails,
	}
	http.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, app.config.AuthCodeURL("the-state"), http.StatusFound)
	})
	http.HandleFunc("/callback", app.callback)
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe(*listen, nil))
}

func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	tokens, err := a.config.Exchange(r.Context(), r.FormValue("code"))
	var found *person
	if err == nil {
		found, err = a.person(r.Context(), tokens)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(found)
}

// person takes each field from the first source that has it.
func (a *app) person(ctx context.Context, tokens *oauth2.Token) (*person, error) {
	found := &person{}
	if raw, ok := tokens.Extra("id_token").(string); ok {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
		if err != nil {
			return nil, err
		}
		if err := a.take(found, "id_token", payload); err != nil {
			return nil, err
		}
	}
	client := a.config.Client(ctx, tokens)
	payload, err := fetch(client, a.userinfo)
	if err != nil {
		return nil, err
	}
	if err := a.take(found, "userinfo", payload); err != nil {
		return nil, err
	}
	if found.Email == "" {
		if err := listed(client, a.userinfo+"/emails", found); err != nil {
			return nil, err
		}
	}
	if found.Email == "" {
		return nil, errors.New("auth.oauth.email.missing")
	}
	return found, nil
}

func (a *app) take(found *person, source string, payload []byte) error {
	var fields struct {
		Sub   string `json:"sub"`
		Login string `json:"login"`
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	if err := json.Unmarshal(payload, &fields); err != nil {
		return err
	}
	var all any
	if err := json.Unmarshal(payload, &all); err != nil {
		return err
	}
	first(&found.ID, fields.Sub)
	first(&found.Login, fields.Login)
	first(&found.Name, fields.Name)
	if !a.emails {
		first(&found.Email, fields.Email)
	}
	if a.role != "" {
		role, err := jmespath.Search(a.role, all)
		if err != nil {
			return err
		}
		text, _ := role.(string)
		first(&found.Role, text)
	}
	groups, err := jmespath.Search(a.groups, all)
	if err != nil {
		return err
	}
	if list, ok := groups.([]any); ok && found.Groups == nil {
		found.Groups = []string{}
		for _, group := range list {
			found.Groups = append(found.Groups, fmt.Sprint(group))
		}
	}
	found.Sources = append(found.Sources, source)
	return nil
}

// listed asks for the addresses, and takes the primary one.
func listed(client *http.Client, url string, found *person) error {
	payload, err := fetch(client, url)
	if err != nil {
		return err
	}
	var emails []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if err := json.Unmarshal(payload, &emails); err != nil {
		return err
	}
	found.Listed = len(emails)
	for _, email := range emails {
		if email.Primary {
			found.Email = email.Email
		}
	}
	return nil
}

func fetch(client *http.Client, url string) ([]byte, error) {
	answer, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	payload, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", answer.Status, payload)
	}
	return payload, err
}

func first(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
