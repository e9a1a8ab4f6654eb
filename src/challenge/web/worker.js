// Finds the number that a proof of work asks for: in a worker, or as a script of a page that may have none. Knows nothing
// of pages.
((scope) => {
  'use strict';

  // SHA-256, written out: far faster for short texts than one promise of WebCrypto each, and there where
  // `crypto.subtle` isn't (http on anything but localhost).
  const K = new Int32Array(64);
  const START = new Int32Array(8);
  (() => {
    const root = (n, power) => (Math.pow(n, 1 / power) % 1) * 4294967296 | 0;
    for (let n = 2, found = 0; found < 64; n++) {
      let prime = true;
      for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
      if (!prime) continue;
      if (found < 8) START[found] = root(n, 2);
      K[found++] = root(n, 3);
    }
  })();

  const w = new Int32Array(64);

  // One block, whose 16 words stand at the start of `w`, into `state`.
  function compress(state) {
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7]
        + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3)
        + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10);
    }
    let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (let i = 0; i < 64; i++) {
      const t = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + w[i] | 0;
      const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      h = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
  }

  // The rest of a hash: `bytes` after `before` bytes that are in `state` already.
  function finish(state, bytes, before) {
    const length = bytes.length, blocks = (length + 9 + 63) >> 6;
    for (let block = 0; block < blocks; block++) {
      for (let i = 0; i < 16; i++) {
        const at = block * 64 + i * 4;
        let word = 0;
        for (let j = 0; j < 4; j++) {
          const k = at + j;
          word = word << 8 | (k < length ? bytes[k] : k === length ? 0x80 : 0);
        }
        w[i] = word;
      }
      if (block === blocks - 1) {
        w[14] = (before + length) / 536870912 | 0;
        w[15] = (before + length) << 3;
      }
      compress(state);
    }
    return state;
  }

  function toBytes(state) {
    const bytes = new Uint8Array(32);
    for (let i = 0; i < 32; i++) bytes[i] = state[i >> 2] >>> (24 - (i & 3) * 8);
    return bytes;
  }

  const sha256 = (bytes) => toBytes(finish(START.slice(), bytes, 0));

  // HMAC's two states for a key: a hash goes on from each.
  function hmacStates(key) {
    const short = key.length > 64 ? sha256(key) : key;
    return [0x36, 0x5c].map((pad) => {
      const block = new Uint8Array(64).fill(pad);
      for (let i = 0; i < short.length; i++) block[i] ^= short[i];
      for (let i = 0; i < 16; i++) {
        w[i] = block[i * 4] << 24 | block[i * 4 + 1] << 16 | block[i * 4 + 2] << 8 | block[i * 4 + 3];
      }
      const state = START.slice();
      compress(state);
      return state;
    });
  }

  // A block of 32 bytes, which is what HMAC hashes from its second round on, into a copy of `from`.
  function next(from, words, into) {
    into.set(from);
    for (let i = 0; i < 8; i++) w[i] = words[i];
    w[8] = 0x80000000 | 0;
    for (let i = 9; i < 15; i++) w[i] = 0;
    w[15] = 96 << 3;
    compress(into);
  }

  function pbkdf2(password, salt, iterations, length) {
    const [inner, outer] = hmacStates(password);
    const key = new Uint8Array(Math.ceil(length / 32) * 32);
    const mid = new Int32Array(8), u = new Int32Array(8);
    for (let block = 1; block <= key.length / 32; block++) {
      const text = new Uint8Array(salt.length + 4);
      text.set(salt);
      new DataView(text.buffer).setUint32(salt.length, block);
      next(outer, finish(inner.slice(), text, 64), u);
      const sum = u.slice();
      for (let i = 1; i < iterations; i++) {
        next(inner, u, mid);
        next(outer, mid, u);
        for (let j = 0; j < 8; j++) sum[j] ^= u[j];
      }
      key.set(toBytes(sum), (block - 1) * 32);
    }
    return key.subarray(0, length);
  }

  // ALTCHA's iterated hash.
  function iterated(password, salt, cost, length) {
    const first = new Uint8Array(salt.length + password.length);
    first.set(salt);
    first.set(password, salt.length);
    let key = sha256(first).subarray(0, length);
    for (let i = 1; i < cost; i++) key = sha256(key).subarray(0, length);
    return key;
  }

  const subtle = scope.crypto && scope.crypto.subtle;

  async function native(password, salt, iterations, length) {
    const key = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
    const wanted = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
    return new Uint8Array(await subtle.deriveBits(wanted, key, length * 8));
  }

  const fromHex = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  const toHex = (bytes) => Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join('');

  // What tries one number: it gives the solution, or nothing; or a promise of that.
  function trial(challenge) {
    if (!challenge.parameters) return trialV1(challenge);
    const { algorithm, nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
    const derive = {
      'SHA-256': iterated,
      'PBKDF2/SHA-256': subtle ? native : pbkdf2,
    }[algorithm];
    if (!derive) throw new Error(`sendwall: no way to solve ${algorithm}`);
    const start = fromHex(nonce), salted = fromHex(salt);
    const check = (counter, key) => {
      const derivedKey = toHex(key);
      return derivedKey.startsWith(keyPrefix) ? { counter, derivedKey } : null;
    };
    return (counter) => {
      const password = new Uint8Array(start.length + 4);
      password.set(start);
      new DataView(password.buffer).setUint32(start.length, counter);
      const key = derive(password, salted, cost, keyLength || 32);
      return key.then ? key.then((bytes) => check(counter, bytes)) : check(counter, key);
    };
  }

  // The first version of ALTCHA: a number whose hash after the salt is known.
  function trialV1({ algorithm, salt, challenge }) {
    if (algorithm !== 'SHA-256') throw new Error(`sendwall: no way to solve ${algorithm}`);
    const encoder = new TextEncoder();
    return (number) => (toHex(sha256(encoder.encode(salt + number))) === challenge ? { number } : null);
  }

  /// Tries `start`, `start + step` and so on, and gives the solution; null where there is none or `pause` says true.
  /// `pause` is called whenever `slice` milliseconds have passed, and waited for.
  async function search(challenge, start, step, slice, pause) {
    const attempt = trial(challenge);
    const last = challenge.parameters ? 4294967295 : challenge.maxnumber;
    let until = performance.now() + slice;
    for (let n = start; n <= last; n += step) {
      let found = attempt(n);
      if (found && found.then) found = await found;
      if (found) return found;
      if (performance.now() >= until) {
        if (await pause()) return null;
        until = performance.now() + slice;
      }
    }
    return null;
  }

  if (typeof WorkerGlobalScope !== 'undefined' && scope instanceof WorkerGlobalScope) {
    scope.onmessage = async ({ data: { challenge, start, step } }) => {
      try {
        scope.postMessage({ solution: await search(challenge, start, step, 1000, () => false) });
      } catch (problem) {
        scope.postMessage({ problem: String(problem) });
      }
    };
  } else {
    scope.sendwallSolver = { search, sha256, pbkdf2, toHex };
  }
})(typeof self === 'undefined' ? globalThis : self);
