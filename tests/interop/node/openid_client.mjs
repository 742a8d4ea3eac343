// An application that uses npm openid-client for everything. It reads a scenario and its settings from
// standard input, runs the scenario, and prints the result. An error of the library fails the run.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import * as client from "openid-client";

import { Browser, form } from "./browser.mjs";

const input = JSON.parse(await text(process.stdin));
const REFUSED = { code: "OAUTH_INVALID_RESPONSE" };
const LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout";

const authentications = {
  client_secret_basic: () => client.ClientSecretBasic(input.secret),
  client_secret_post: () => client.ClientSecretPost(input.secret),
  client_secret_jwt: () => client.ClientSecretJwt(input.secret),
  private_key_jwt: async () => {
    const { publicKey, privateKey } = await generateKeyPair("PS256");
    const key = { ...(await exportJWK(publicKey)), kid: "app-1", alg: "PS256" };
    await serve((_, response) => response.end(JSON.stringify({ keys: [key] })));
    return client.PrivateKeyJwt({ key: privateKey, kid: "app-1" });
  },
};

/** The server of the application, for the addresses that are registered at the provider. */
const server = createServer();

async function serve(handler) {
  server.on("request", handler).listen(input.port, "127.0.0.1");
  await once(server, "listening");
}

async function discover(metadata = {}) {
  const authentication = await authentications[input.authentication]();
  const expected = { id_token_signed_response_alg: input.alg, ...metadata };
  const config = await client.discovery(new URL(input.issuer), input.client_id, expected, authentication, {
    // Without enableNonRepudiationChecks, the library does not verify ID tokens from the token endpoint.
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });
  assert.ok(config.serverMetadata().supportsPKCE());
  return config;
}

/** A browser with a session at the provider. */
async function signedIn() {
  const browser = new Browser();
  assert.equal((await browser.open(input.launch)).status, 303);
  return browser;
}

/** An authorization request, and the checks for its response. */
async function request(config, more = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: input.redirect_uri,
    scope: "openid profile",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...more,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

async function login(config, browser, more) {
  const { url, checks } = await request(config, more);
  const callback = await browser.walk(url, input.redirect_uri);
  return client.authorizationCodeGrant(config, callback, checks);
}

/** Opens a form_post authorization request. Returns the request that the page would post. */
async function posted(browser, url) {
  const page = await browser.open(url);
  assert.equal(page.status, 200);
  const { action, fields } = form(await page.text());
  assert.equal(action, input.redirect_uri);
  return new Request(action, { method: "POST", body: fields });
}

const scenarios = {
  async login() {
    const config = await discover();
    const { url, checks } = await request(config, { max_age: "3600" });
    const callback = await (await signedIn()).walk(url, input.redirect_uri);
    const tokens = await client.authorizationCodeGrant(config, callback, { ...checks, maxAge: 3600 });
    const claims = tokens.claims();
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    return { claims, userinfo };
  },

  async strict() {
    const config = await discover();
    const { url, checks } = await request(config);
    const callback = await (await signedIn()).walk(url, input.redirect_uri);
    const changed = (name, value) => {
      const other = new URL(callback);
      if (value) other.searchParams.set(name, value);
      else other.searchParams.delete(name);
      return other;
    };
    for (const name of ["iss", "state"]) {
      for (const value of [undefined, "https://evil.example.com"]) {
        const wrong = client.authorizationCodeGrant(config, changed(name, value), checks);
        await assert.rejects(wrong, REFUSED, `${name}: ${value}`);
      }
    }
    const { claims } = await client.authorizationCodeGrant(config, callback, checks);
    return { claims: claims() };
  },

  async refresh() {
    const config = await discover();
    const first = await login(config, await signedIn(), { scope: "openid profile offline_access" });
    const second = await client.refreshTokenGrant(config, first.refresh_token);
    const third = await client.refreshTokenGrant(config, second.refresh_token);
    const refresh_tokens = [first, second, third].map((tokens) => tokens.refresh_token);
    assert.equal(new Set(refresh_tokens).size, 3);
    assert.equal(third.claims().sid, first.claims().sid);
    await client.fetchUserInfo(config, third.access_token, third.claims().sub);
    return { claims: third.claims() };
  },

  async signed_userinfo() {
    const config = await discover({ userinfo_signed_response_alg: "ES256" });
    const tokens = await login(config, await signedIn());
    const claims = tokens.claims();
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(userinfo.aud, input.client_id);
    return { claims, userinfo };
  },

  async revoke() {
    const config = await discover();
    const tokens = await login(config, await signedIn(), { scope: "openid offline_access" });
    const before = await client.tokenIntrospection(config, tokens.access_token);
    await client.tokenRevocation(config, tokens.refresh_token);
    const after = await client.tokenIntrospection(config, tokens.access_token);
    await assert.rejects(client.fetchUserInfo(config, tokens.access_token, before.sub), (error) => {
      assert.ok(error instanceof client.WWWAuthenticateChallengeError, error);
      assert.equal(error.cause[0].parameters.error, "invalid_token");
      return true;
    });
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
    return { before, after };
  },

  async form_post() {
    const config = await discover();
    const browser = await signedIn();
    const { url, checks } = await request(config, { response_mode: "form_post" });
    const tokens = await client.authorizationCodeGrant(config, await posted(browser, url), checks);
    const refused = await request(config, { response_mode: "form_post", prompt: "none" });
    const callback = await posted(new Browser(), refused.url);
    await assert.rejects(client.authorizationCodeGrant(config, callback, refused.checks), {
      error: "login_required",
    });
    return { claims: tokens.claims() };
  },

  async silence() {
    const config = await discover();
    await assert.rejects(login(config, new Browser(), { prompt: "none" }), (error) => {
      assert.ok(error instanceof client.AuthorizationResponseError, error);
      assert.equal(error.error, "login_required");
      return true;
    });
    const tokens = await login(config, await signedIn(), { prompt: "none" });
    return { claims: tokens.claims() };
  },

  async logout() {
    let received;
    const logoutToken = new Promise((resolve) => (received = resolve));
    await serve(async (request, response) => {
      received(new URLSearchParams(await text(request)).get("logout_token"));
      response.writeHead(204).end();
    });
    const config = await discover();
    const browser = await signedIn();
    const tokens = await login(config, browser);

    // Another application starts the logout, because the one that starts it gets its logout token ten
    // seconds later.
    const other = await client.discovery(new URL(input.issuer), input.other_client_id, undefined, client.None(), {
      execute: [client.allowInsecureRequests],
    });
    const { url, checks } = await request(other, { redirect_uri: input.other_redirect_uri });
    const callback = await browser.walk(url, input.other_redirect_uri);
    const { id_token } = await client.authorizationCodeGrant(other, callback, checks);
    const logout = client.buildEndSessionUrl(other, {
      id_token_hint: id_token,
      post_logout_redirect_uri: input.other_post_logout_redirect_uri,
      state: "bye",
    });
    const back = await browser.walk(logout, input.other_post_logout_redirect_uri);
    assert.equal(back.searchParams.get("state"), "bye");
    await assert.rejects(login(config, browser, { prompt: "none" }), { error: "login_required" });

    // The library does not support logout tokens, so jose verifies them.
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
    const { payload } = await jwtVerify(await logoutToken, keys, {
      algorithms: [input.alg],
      issuer: input.issuer,
      audience: input.client_id,
      typ: "logout+jwt",
      requiredClaims: ["iat", "exp", "jti", "sid"],
    });
    assert.equal(payload.nonce, undefined);
    assert.deepEqual(payload.events, { [LOGGED_OUT]: {} });
    assert.equal(payload.sid, tokens.claims().sid);
    return { claims: tokens.claims(), logout_token: payload };
  },
};

console.log(JSON.stringify(await scenarios[input.scenario]()));
server.close();
server.closeAllConnections();
