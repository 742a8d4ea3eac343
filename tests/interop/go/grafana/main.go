// Command grafana logs one user in as Grafana's generic OAuth does, and responds with the account. It
// uses x/oauth2 with automatic detection of the client authentication. The account is made from the
// unverified payload of the ID token, then userinfo, then the list of email addresses. A JMESPath gives
// the role.
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

// account is the Grafana account of a user.
type account struct {
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
	var result *account
	if err == nil {
		result, err = a.fetchAccount(r.Context(), tokens)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(result)
}

// fetchAccount takes each field from the first source that has it.
func (a *app) fetchAccount(ctx context.Context, tokens *oauth2.Token) (*account, error) {
	result := &account{}
	if raw, ok := tokens.Extra("id_token").(string); ok {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
		if err != nil {
			return nil, err
		}
		if err := a.merge(result, "id_token", payload); err != nil {
			return nil, err
		}
	}
	client := a.config.Client(ctx, tokens)
	payload, err := fetch(client, a.userinfo)
	if err != nil {
		return nil, err
	}
	if err := a.merge(result, "userinfo", payload); err != nil {
		return nil, err
	}
	if result.Email == "" {
		if err := fetchPrimaryEmail(client, a.userinfo+"/emails", result); err != nil {
			return nil, err
		}
	}
	if result.Email == "" {
		return nil, errors.New("auth.oauth.email.missing")
	}
	return result, nil
}

// merge fills the empty fields of result from the claims of a source.
func (a *app) merge(result *account, source string, payload []byte) error {
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
	setIfEmpty(&result.ID, fields.Sub)
	setIfEmpty(&result.Login, fields.Login)
	setIfEmpty(&result.Name, fields.Name)
	if !a.emails {
		setIfEmpty(&result.Email, fields.Email)
	}
	if a.role != "" {
		role, err := jmespath.Search(a.role, all)
		if err != nil {
			return err
		}
		text, _ := role.(string)
		setIfEmpty(&result.Role, text)
	}
	groups, err := jmespath.Search(a.groups, all)
	if err != nil {
		return err
	}
	if list, ok := groups.([]any); ok && result.Groups == nil {
		result.Groups = []string{}
		for _, group := range list {
			result.Groups = append(result.Groups, fmt.Sprint(group))
		}
	}
	result.Sources = append(result.Sources, source)
	return nil
}

// fetchPrimaryEmail fetches the list of email addresses and takes the primary one.
func fetchPrimaryEmail(client *http.Client, url string, result *account) error {
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
	result.Listed = len(emails)
	for _, email := range emails {
		if email.Primary {
			result.Email = email.Email
		}
	}
	return nil
}

func fetch(client *http.Client, url string) ([]byte, error) {
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	payload, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", response.Status, payload)
	}
	return payload, err
}

func setIfEmpty(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
