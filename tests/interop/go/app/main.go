// Command app is an application that uses go-oidc and x/oauth2. As in Grafana, x/oauth2 detects by trial
// how to authenticate at the token endpoint.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// app is an application with one user at a time.
type app struct {
	ctx      context.Context
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	config   oauth2.Config
	recorder *recorder

	mutex  sync.Mutex
	tokens *oauth2.Token
}

func main() {
	issuer := flag.String("issuer", "", "the issuer")
	client := flag.String("client", "", "the client_id")
	listen := flag.String("listen", "", "the address to listen on")
	flag.Parse()

	recorder := &recorder{}
	ctx := oidc.ClientContext(context.Background(), &http.Client{Transport: recorder})
	provider, err := oidc.NewProvider(ctx, *issuer)
	if err != nil {
		log.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleAutoDetect
	recorder.tokenURL = endpoint.TokenURL
	app := &app{
		ctx:      ctx,
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: *client}),
		config: oauth2.Config{
			ClientID:     *client,
			ClientSecret: os.Getenv("CLIENT_SECRET"),
			Endpoint:     endpoint,
			RedirectURL:  "http://" + *listen + "/callback",
			Scopes:       []string{oidc.ScopeOpenID, "profile", "phone", oidc.ScopeOfflineAccess},
		},
		recorder: recorder,
	}
	http.HandleFunc("/login", app.login)
	http.HandleFunc("/callback", app.callback)
	http.HandleFunc("/refresh", app.refresh)
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/{$}", app.home)
	log.Fatal(http.ListenAndServe(*listen, nil))
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	for name, value := range map[string]string{"state": state, "nonce": nonce, "verifier": verifier} {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true})
	}
	url := a.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	http.Redirect(w, r, url, http.StatusFound)
}

func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	if state := cookieValue(r, "state"); state == "" || r.FormValue("state") != state {
		sendError(w, errors.New("the state is not this browser's"))
		return
	}
	tokens, err := a.config.Exchange(a.ctx, r.FormValue("code"), oauth2.VerifierOption(cookieValue(r, "verifier")))
	if err == nil {
		err = a.verify(tokens, cookieValue(r, "nonce"))
	}
	if err != nil {
		sendError(w, err)
		return
	}
	a.storeTokens(tokens)
	http.Redirect(w, r, "/", http.StatusFound)
}

// refresh refreshes the tokens as if the access token had just expired.
func (a *app) refresh(w http.ResponseWriter, r *http.Request) {
	stale := *a.currentTokens()
	stale.Expiry = time.Now().Add(-time.Minute)
	fresh, err := a.config.TokenSource(a.ctx, &stale).Token()
	if err == nil {
		err = a.verify(fresh, "")
	}
	if err != nil {
		sendError(w, err)
		return
	}
	a.storeTokens(fresh)
	http.Redirect(w, r, "/", http.StatusFound)
}

func (a *app) home(w http.ResponseWriter, _ *http.Request) {
	tokens := a.currentTokens()
	userinfo, err := a.provider.UserInfo(a.ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		sendError(w, err)
		return
	}
	var person map[string]any
	if err := userinfo.Claims(&person); err != nil {
		sendError(w, err)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id_token":       tokens.Extra("id_token"),
		"access_token":   tokens.AccessToken,
		"refresh_token":  tokens.RefreshToken,
		"userinfo":       person,
		"token_requests": a.recorder.requests(),
	})
}

// verify checks the ID token, its nonce, and that the access token belongs to it.
func (a *app) verify(tokens *oauth2.Token, nonce string) error {
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return errors.New("there is no ID token")
	}
	id, err := a.verifier.Verify(a.ctx, raw)
	if err != nil {
		return err
	}
	if id.Nonce != nonce {
		return fmt.Errorf("the nonce is %q", id.Nonce)
	}
	return id.VerifyAccessToken(tokens.AccessToken)
}

func (a *app) storeTokens(tokens *oauth2.Token) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.tokens = tokens
}

func (a *app) currentTokens() *oauth2.Token {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.tokens
}

func cookieValue(r *http.Request, name string) string {
	if cookie, err := r.Cookie(name); err == nil {
		return cookie.Value
	}
	return ""
}

func sendError(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusBadGateway)
}
