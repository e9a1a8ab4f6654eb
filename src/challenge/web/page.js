// The page that answers a form: solves its challenge, then sends the same form again. Needs client.js before it.
(() => {
  'use strict';
  const byId = (id) => document.getElementById(id);
  const { challenge, again, texts } = JSON.parse(byId('data').textContent);
  const status = byId('status'), problem = byId('problem'), bar = byId('bar'), go = byId('go'), form = byId('form');
  const SLOW_MS = 8000;
  const MEMORY = 'sendwall-rounds';
  // A page that leads to the same page again and again is stopped after this many times within as many milliseconds.
  const MOST_ROUNDS = 3, WITHIN_MS = 60000;

  function show(text, working) {
    status.textContent = text;
    bar.hidden = !working;
  }

  function offer(text, action) {
    go.textContent = text;
    go.hidden = false;
    go.onclick = () => {
      go.hidden = true;
      problem.textContent = '';
      action();
    };
  }

  // Whether this page came too often in a row; counts it.
  function loops() {
    try {
      const now = Date.now();
      const rounds = JSON.parse(sessionStorage.getItem(MEMORY) || '[]').filter((at) => now - at < WITHIN_MS);
      rounds.push(now);
      sessionStorage.setItem(MEMORY, JSON.stringify(rounds.slice(-10)));
      return rounds.length > MOST_ROUNDS;
    } catch (noStorage) {
      return false;
    }
  }

  function send() {
    if (again === 'back') {
      show(texts.back, false);
      offer(texts.go_back, () => history.back());
      return;
    }
    show(texts.done, true);
    // A field of the form may be named "submit".
    HTMLFormElement.prototype.submit.call(form);
  }

  async function solve() {
    show(challenge.kind === 'pow' ? texts.working : '', challenge.kind === 'pow');
    const slow = setTimeout(() => { if (!bar.hidden) show(texts.slow, true); }, SLOW_MS);
    try {
      await sendwall.solve(challenge, location.href, { into: byId('ask') });
      send();
    } catch (failed) {
      // What can't be solved any more is asked anew by sending the form without an answer.
      const over = ['challenge_expired', 'challenge_spent', 'challenge_unknown'].includes(failed.code);
      show('', false);
      problem.textContent = texts.failed;
      offer(texts.retry, over && again !== 'back' ? send : solve);
    } finally {
      clearTimeout(slow);
    }
  }

  if (!navigator.cookieEnabled) {
    problem.textContent = texts.cookies;
    offer(texts.retry, () => location.reload());
  } else if (loops()) {
    problem.textContent = texts.failed;
    offer(texts.retry, solve);
  } else if (again === 'press') {
    show(texts.press, false);
    offer(texts.go, solve);
  } else {
    solve();
  }
})();
