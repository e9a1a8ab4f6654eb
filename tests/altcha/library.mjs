// ALTCHA's own library for JavaScript, one call a run: node library.mjs {solve|verify|create}, JSON in and out.
// Runs in the directory that its packages are installed in.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.cwd() + '/');
const v2 = require('altcha-lib');
const v1 = require('altcha-lib/v1');
const { deriveKey } = require('altcha-lib/algorithms/pbkdf2');

const asked = JSON.parse(readFileSync(0, 'utf8'));
const pack = (value) => btoa(JSON.stringify(value));
const old = asked.version === 1;

const calls = {
  async solve({ challenge }) {
    if (!old) return pack({ challenge, solution: await v2.solveChallenge({ challenge, deriveKey }) });
    const { promise } = v1.solveChallenge(challenge.challenge, challenge.salt, challenge.algorithm, challenge.maxnumber ?? challenge.maxNumber);
    const { number, took } = await promise;
    const { algorithm, salt, signature } = challenge;
    return pack({ algorithm, challenge: challenge.challenge, number, salt, signature, took });
  },
  async verify({ payload, secret, keySecret }) {
    if (old) return v1.verifySolution(payload, secret);
    const { challenge, solution } = JSON.parse(atob(payload));
    const told = await v2.verifySolution({
      challenge, solution, deriveKey, hmacSignatureSecret: secret, hmacKeySignatureSecret: keySecret,
    });
    return told.verified;
  },
  async create({ secret, keySecret, counter, cost, expires, data }) {
    if (old) return v1.createChallenge({ hmacKey: secret, number: counter, maxnumber: 1000, expires: new Date(expires * 1000) });
    return v2.createChallenge({
      algorithm: 'PBKDF2/SHA-256', cost, counter, deriveKey, expiresAt: expires, data,
      hmacSignatureSecret: secret, hmacKeySignatureSecret: keySecret,
    });
  },
};
process.stdout.write(JSON.stringify(await calls[process.argv[2]](asked)));
