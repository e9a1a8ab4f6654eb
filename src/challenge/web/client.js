// sendwall in an app's own pages. One script tag is all:
//
//     <script src="/_sendwall/client.js"></script>
//
// From then on a request by `fetch` or `XMLHttpRequest` that sendwall answers with a challenge (status 428) is solved in
// the background and sent once more with the pass; the page's own code sees the second answer, a little later. A challenge
// that ended meanwhile is asked anew. Where a person cancels or nothing helps, the page sees the 428. A body that is a
// stream can't be sent twice, so such a request is left alone; a synchronous request too.
//
// Only this page's origin, the one that this script came from and those in the tag's `data-origins` may ask for work.
// `sendwall` events on the document tell what goes on: `detail` is {state: "solving" | "solved" | "failed", kind}.
(() => {
  'use strict';
  if (typeof document === 'undefined' || window.sendwall) return;

  const tag = document.currentScript;
  const home = new URL('/_sendwall/', tag ? tag.src : location.href);
  const askers = [location.origin, home.origin].concat((tag && tag.dataset.origins || '').split(/\s+/).filter(Boolean));
  // A challenge after a solved one is rare (the proof was not enough); more than these is a loop.
  const ROUNDS = 3;
  const NAME = 'sendwall-pass';
  // With these a challenge has ended, as with too many wrong answers (429).
  const OVER = ['challenge_expired', 'challenge_spent', 'challenge_unknown'];
  const plainFetch = window.fetch;

  /* Solving */

  // The page's policy may ask for trusted addresses of scripts; where it lets us have none, the plain one is refused.
  const trusted = (() => {
    try {
      return window.trustedTypes.createPolicy('sendwall', { createScriptURL: (url) => url });
    } catch (none) {
      return { createScriptURL: (url) => url };
    }
  })();

  const aborted = (signal) => signal.reason || new DOMException('The operation was aborted.', 'AbortError');

  // One worker, as far as the page's policy lets it: a worker of another origin has to be fetched by one of ours.
  function startWorker() {
    const url = new URL('worker.js', home).href;
    if (home.origin === location.origin) return new Worker(trusted.createScriptURL(url));
    const source = new Blob([`importScripts(${JSON.stringify(url)})`], { type: 'text/javascript' });
    const own = URL.createObjectURL(source);
    try {
      return new Worker(trusted.createScriptURL(own));
    } finally {
      setTimeout(() => URL.revokeObjectURL(own), 10000);
    }
  }

  // A part that not every page needs, once.
  const loading = new Map();
  function load(name, path) {
    if (!window[name] && !loading.has(path)) {
      loading.set(path, new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = trusted.createScriptURL(new URL(path, home).href);
        if (tag && tag.nonce) script.nonce = tag.nonce;
        script.onload = resolve;
        script.onerror = () => { loading.delete(path); script.remove(); reject(new Error(`sendwall: ${path} does not load`)); };
        document.head.append(script);
      }));
    }
    return loading.get(path);
  }

  // With all workers but one core's: the page stays quick.
  function byWorkers(challenge, signal) {
    const count = Math.max(1, Math.min(8, (navigator.hardwareConcurrency || 2) - 1));
    const workers = [];
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(aborted(signal)));
      let left = count;
      for (let start = 0; start < count; start++) {
        const worker = startWorker();
        workers.push(worker);
        worker.onerror = (event) => { event.preventDefault(); reject(new Error('no worker')); };
        worker.onmessage = ({ data: { solution, problem } }) => {
          if (problem) reject(new Error(problem));
          else if (solution || --left === 0) resolve(solution);
        };
        worker.postMessage({ challenge, start, step: count });
      }
    }).finally(() => workers.forEach((worker) => worker.terminate()));
  }

  // On this thread, a few milliseconds at a time: for pages that may have no worker.
  async function bySlices(challenge, signal) {
    await load('sendwallSolver', 'worker.js');
    const pause = () => new Promise((resolve) => setTimeout(() => resolve(signal.aborted), 0));
    return sendwallSolver.search(challenge, 0, 1, 12, pause);
  }

  async function work(challenge, signal) {
    const started = performance.now();
    let solution = null;
    try {
      solution = await byWorkers(challenge, signal);
    } catch (problem) {
      if (!signal.aborted) solution = await bySlices(challenge, signal);
    }
    if (signal.aborted) throw aborted(signal);
    if (!solution) throw new Error('sendwall: the challenge has no solution');
    const payload = { challenge, solution: Object.assign({ time: Math.round(performance.now() - started) }, solution) };
    return btoa(JSON.stringify(payload).replace(/[\u0080-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')));
  }

  /// Sends an answer to `/_sendwall/solve`. As a form: that asks no other origin for leave first.
  async function answer(url, fields, { credentials = 'same-origin', signal } = {}) {
    const headers = { accept: 'application/json' };
    const body = new URLSearchParams(fields);
    const response = await plainFetch.call(window, url, { method: 'POST', body, headers, credentials, signal });
    const told = await response.json();
    const over = response.status === 429 || OVER.includes(told.code);
    return Object.assign({ ok: response.status === 200, waiting: response.status === 202, over }, told);
  }

  /// What an answer that gives no pass is thrown as. `over`: its challenge is worth nothing any more, and the request that
  /// brought it has to be sent again for another.
  const unsolved = ({ message, code, over }) => Object.assign(new Error(`sendwall: ${message}`), { code, over });

  const tell = (state, kind) => document.dispatchEvent(new CustomEvent('sendwall', { detail: { state, kind } }));

  // One at a time: two together take as long, and two dialogs confuse.
  let before = Promise.resolve();

  /// Solves `challenge` of a 428 that came from `from` and gives the pass. Options: `signal`, `credentials`, `into` (an
  /// element for what a person has to do; else it is a dialog).
  function solve(challenge, from, options = {}) {
    const solved = before.then(async () => {
      const signal = options.signal || new AbortController().signal;
      if (signal.aborted) throw aborted(signal);
      const url = new URL(challenge.solve, from || location.href).href;
      tell('solving', challenge.kind);
      try {
        let pass;
        if (challenge.kind === 'pow') {
          const told = await answer(url, { payload: await work(challenge.altcha, signal) }, Object.assign({}, options, { signal }));
          if (!told.ok) throw unsolved(told);
          pass = told.pass;
        } else {
          const language = document.documentElement.lang || navigator.language || 'en';
          await load('sendwallDialog', `dialog.js?lang=${encodeURIComponent(language)}`);
          const send = (fields) => answer(url, fields, options);
          pass = await sendwallDialog.ask(challenge, { send, signal, unsolved, from: url, into: options.into });
        }
        tell('solved', challenge.kind);
        return pass;
      } catch (problem) {
        tell('failed', challenge.kind);
        throw problem;
      }
    });
    before = solved.catch(() => {});
    if (!options.signal) return solved;
    // Whoever gives up need not wait for those before.
    return Promise.race([solved, new Promise((_, reject) => {
      options.signal.addEventListener('abort', () => reject(aborted(options.signal)));
    })]);
  }

  const mayAsk = (url) => {
    try {
      return askers.includes(new URL(url, document.baseURI).origin);
    } catch (noAddress) {
      return false;
    }
  };

  // A body as it is now: the page may change its own afterwards. Undefined for what can't be sent twice.
  function copy(body) {
    if (body === null || body === undefined || typeof body === 'string' || body instanceof Blob) return body;
    if (body instanceof URLSearchParams) return new URLSearchParams(body);
    if (body instanceof ArrayBuffer) return body.slice(0);
    if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
    if (body instanceof FormData) {
      const form = new FormData();
      for (const [name, value] of body) form.append(name, value);
      return form;
    }
    if (body instanceof Document) return body;
    if (window.ReadableStream && body instanceof ReadableStream) return undefined;
    return String(body);
  }

  /* fetch */

  // What sends a request again, with a pass or without; nothing where it can't be.
  function again(input, init) {
    const request = input instanceof Request;
    if (!mayAsk(request ? input.url : input)) return null;
    const own = Object.assign({}, init);
    if (own.body !== undefined) {
      own.body = copy(own.body);
      if (own.body === undefined) return null;
    }
    if (request && input.bodyUsed) return null;
    const spare = request ? input.clone() : String(input);
    const headers = new Headers(own.headers || (request ? input.headers : undefined));
    return {
      signal: own.signal || (request ? input.signal : undefined),
      credentials: own.credentials || (request ? input.credentials : 'same-origin'),
      send(pass) {
        if (pass) headers.set(NAME, pass);
        else headers.delete(NAME);
        const target = request ? spare.clone() : spare;
        return plainFetch.call(window, target, Object.assign({}, own, { headers, body: copy(own.body) }));
      },
    };
  }

  if (plainFetch) {
    window.fetch = async function fetch(input, init) {
      let repeat = null;
      try {
        repeat = again(input, init);
      } catch (notOurs) {
        // A request that makes no sense: the browser says so itself.
      }
      let response = await plainFetch.apply(this, arguments);
      for (let round = 0; repeat && round < ROUNDS && response.status === 428 && response.headers.get('sendwall-challenge'); round++) {
        const { signal, credentials } = repeat;
        let pass;
        try {
          pass = await solve((await response.clone().json()).challenge, response.url, { signal, credentials });
        } catch (problem) {
          if (signal && signal.aborted) throw problem;
          if (!problem.over) return response;
        }
        response = await repeat.send(pass);
      }
      return response;
    };
  }

  /* XMLHttpRequest: the same object is opened and sent once more, and the events of the first answer are kept back. */

  const Plain = window.XMLHttpRequest;
  const proto = Plain && Plain.prototype;
  const { open, send, setRequestHeader, abort } = proto || {};
  const calls = new WeakMap();
  const guarded = new WeakSet();
  const EVENTS = ['readystatechange', 'loadstart', 'progress', 'load', 'loadend'];

  async function bodyOf(xhr) {
    if (xhr.responseType === 'json') return xhr.response;
    if (xhr.responseType === 'arraybuffer') return JSON.parse(new TextDecoder().decode(xhr.response));
    if (xhr.responseType === 'blob') return JSON.parse(await xhr.response.text());
    return JSON.parse(xhr.responseText);
  }

  const isChallenge = (xhr, call) => xhr.readyState === 2 && xhr.status === 428 && call.rounds < ROUNDS
    && xhr.responseType !== 'document' && !!xhr.getResponseHeader('sendwall-challenge');

  // Runs before the page's listeners, as it was there first.
  function guard(event) {
    const xhr = event.currentTarget, call = calls.get(xhr);
    if (!call || call.handing) return;
    if (event.type === 'readystatechange' && isChallenge(xhr, call)) call.hiding = true;
    // A challenge that broke off is an error like any.
    if (event.type === 'loadend' && xhr.status !== 428) call.hiding = false;
    const begun = event.type === 'loadstart' || (event.type === 'readystatechange' && xhr.readyState === 1);
    if (call.hiding || (begun && call.rounds > 0)) event.stopImmediatePropagation();
    if (call.hiding && event.type === 'loadend') resend(xhr, call);
  }

  async function resend(xhr, call) {
    const credentials = xhr.withCredentials ? 'include' : 'same-origin';
    let stop = null;
    const isGone = () => calls.get(xhr) !== call || (stop && stop.signal.aborted);
    try {
      stop = call.stop = new AbortController();
      const told = await bodyOf(xhr);
      let pass;
      try {
        pass = await solve(told.challenge, xhr.responseURL, { signal: stop.signal, credentials });
      } catch (problem) {
        if (!problem.over) throw problem;
      }
      if (isGone()) return;
      call.stop = null;
      call.hiding = false;
      call.rounds++;
      open.apply(xhr, call.opened);
      for (const [name, value] of call.headers) setRequestHeader.call(xhr, name, value);
      if (pass) setRequestHeader.call(xhr, NAME, pass);
      send.call(xhr, copy(call.body));
    } catch (problem) {
      if (isGone()) return;
      call.stop = null;
      hand(xhr, call, ['readystatechange', 'load', 'loadend']);
    }
  }

  // Tells the page what was kept from it.
  function hand(xhr, call, types) {
    call.hiding = false;
    call.handing = true;
    for (const type of types) {
      xhr.dispatchEvent(type === 'readystatechange' ? new Event(type) : new ProgressEvent(type));
    }
    call.handing = false;
  }

  if (proto) {
    window.XMLHttpRequest = function XMLHttpRequest() {
      const xhr = Reflect.construct(Plain, [], new.target);
      guarded.add(xhr);
      for (const type of EVENTS) xhr.addEventListener(type, guard);
      return xhr;
    };
    // The constants, and one prototype for both: `instanceof` and patches of others hold.
    Object.setPrototypeOf(window.XMLHttpRequest, Plain);
    window.XMLHttpRequest.prototype = proto;
    proto.constructor = window.XMLHttpRequest;
    proto.open = function (method, url, sync) {
      const old = calls.get(this);
      calls.delete(this);
      if (old && old.stop) old.stop.abort();
      const result = open.apply(this, arguments);
      const wanted = arguments.length < 3 || Boolean(sync);
      if (wanted && guarded.has(this) && mayAsk(url)) {
        const opened = [method, new URL(url, document.baseURI).href, true].concat([].slice.call(arguments, 3));
        calls.set(this, { opened, headers: [], body: null, rounds: 0, hiding: false, handing: false, stop: null });
      }
      return result;
    };
    proto.setRequestHeader = function (name, value) {
      const result = setRequestHeader.apply(this, arguments);
      const call = calls.get(this);
      if (call) call.headers.push([name, value]);
      return result;
    };
    proto.send = function (body) {
      const call = calls.get(this);
      if (call) {
        call.body = copy(body);
        if (call.body === undefined && body !== undefined) calls.delete(this);
      }
      return send.apply(this, arguments);
    };
    proto.abort = function () {
      const call = calls.get(this), solving = call && call.stop;
      if (solving) {
        call.stop.abort();
        call.stop = null;
      }
      const result = abort.apply(this, arguments);
      // As far as the page knows the request was under way.
      if (solving) hand(this, call, ['readystatechange', 'abort', 'loadend']);
      return result;
    };
  }

  window.sendwall = { solve, home: home.href };
})();
