// A service that verifies access tokens with npm jose, as docs/microservices.md has it.
import { text } from "node:stream/consumers";

import { createRemoteJWKSet, jwtVerify } from "jose";

const sets = new Map();

function keysOf(issuer) {
  if (!sets.has(issuer)) {
    sets.set(issuer, createRemoteJWKSet(new URL(`${issuer}/jwks`), { cacheMaxAge: 300_000 }));
  }
  return sets.get(issuer);
}

async function verify({ issuer, audience, alg, typ, token }) {
  const { payload } = await jwtVerify(token, keysOf(issuer), {
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
