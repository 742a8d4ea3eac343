// A provider made of zitadel/oidc and the in-memory storage of its example: the fastest peer known, for
// the benchmark of logins to compare with. Everybody is signed in already, so a login takes the fewest
// requests this library allows: authorize, callback, token, userinfo.
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"flag"
	"log"
	"net/http"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const keyID = "benchmark"

func main() {
	listen := flag.String("listen", "", "the address to listen at")
	algorithm := flag.String("algorithm", "", "the algorithm of all tokens: RS256 or ES256")
	clientID := flag.String("client-id", "", "the client that logs people in")
	secret := flag.String("client-secret", "", "its secret")
	redirectURI := flag.String("redirect-uri", "", "its redirect URI")
	flag.Parse()

	issuer := "http://" + *listen
	storage.RegisterClients(storage.WebClient(*clientID, *secret, *redirectURI))
	memory := signedIn{
		Storage: storage.NewStorage(storage.NewUserStore(issuer + ":")),
		key:     newKey(jose.SignatureAlgorithm(*algorithm)),
	}
	config := &op.Config{
		CryptoKey:      sha256.Sum256([]byte("benchmark")),
		CodeMethodS256: true,
	}
	provider, err := op.NewProvider(config, memory, op.StaticIssuer(issuer), op.WithAllowInsecure(),
		op.WithCustomTokenEndpoint(op.NewEndpoint("token")))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(*listen, provider))
}

// signedIn is the example's storage with a key of any algorithm, for people who are signed in.
type signedIn struct {
	*storage.Storage
	key signingKey
}

func (s signedIn) CreateAuthRequest(ctx context.Context, request *oidc.AuthRequest, userID string) (op.AuthRequest, error) {
	created, err := s.Storage.CreateAuthRequest(ctx, request, userID)
	if err != nil {
		return nil, err
	}
	return created, s.CheckUsernamePassword("test-user2", "verysecure", created.GetID())
}

func (s signedIn) GetClientByClientID(ctx context.Context, clientID string) (op.Client, error) {
	client, err := s.Storage.GetClientByClientID(ctx, clientID)
	if err != nil {
		return nil, err
	}
	return webClient{client}, nil
}

func (s signedIn) SigningKey(context.Context) (op.SigningKey, error) {
	return s.key, nil
}

func (s signedIn) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{s.key.algorithm}, nil
}

func (s signedIn) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{s.key}}, nil
}

// webClient takes JWT access tokens, and has no login page between authorize and callback.
type webClient struct {
	op.Client
}

func (webClient) AccessTokenType() op.AccessTokenType {
	return op.AccessTokenTypeJWT
}

func (webClient) LoginURL(id string) string {
	return "/authorize/callback?id=" + id
}

type signingKey struct {
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func newKey(algorithm jose.SignatureAlgorithm) signingKey {
	var private crypto.Signer
	var err error
	switch algorithm {
	case jose.RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		log.Fatalf("no key for the algorithm %q", algorithm)
	}
	if err != nil {
		log.Fatal(err)
	}
	return signingKey{algorithm, private}
}

func (k signingKey) ID() string                                  { return keyID }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return k.algorithm }
func (k signingKey) Key() any                                    { return k.private }

type publicKey struct {
	key signingKey
}

func (k publicKey) ID() string                         { return keyID }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return k.key.algorithm }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return k.key.private.Public() }
