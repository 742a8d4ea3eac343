// A service that verifies access tokens with npm jose, as docs/microservices.md describes.
import { text } from "node:stream/consumers";

import { createRemoteJWKSet, jwtVerify } from "jose";

const keySets = new Map();

function keySet(issuer) {
  if (!keySets.has(issuer)) {
    keySets.set(issuer, createRemoteJWKSet(new URL(`${issuer}/jwks`), { cacheMaxAge: 300_000 }));
  }
  return keySets.get(issuer);
}

async function verify({ issuer, audience, alg, typ, token }) {
  const { payload } = await jwtVerify(token, keySet(issuer), {
    algorithms: [alg],
    issuer,
    audience,
    typ,
    clockTolerance: 30,
    requiredClaims: ["exp", "sub", "iat", "client_id"],
  });
  return payload;
}

const { questions } = JSON.parse(await text(process.stdin));
const answers = [];
for (const question of questions) {
  answers.push(
    await verify(question).then(
      (claims) => ({ claims }),
      (error) => ({ refused: `${error.code}: ${error.message}` }),
    ),
  );
}
console.log(JSON.stringify({ answers }));
