// The page that answers a form: solves its challenge, then sends the same form again. Needs client.js before it.
(() => {
  'use strict';
  const byId = (id) => document.getElementById(id);
  const { challenge, again, texts } = JSON.parse(byId('data').textContent);
  const status = byId('status'), problem = byId('problem'), bar = byId('bar'), go = byId('go'), form = byId('form');
  const SLOW_MS = 8000;
  const MEMORY = 'sendwall-rounds';
  // A form that comes back this often, each time within as many milliseconds, is not sent again by itself.
  const MOST_ROUNDS = 3, WITHIN_MS = 10000;

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

  // How often this very form was sent from here just now.
  function rounds() {
    try {
      const { sent, at, count } = JSON.parse(sessionStorage.getItem(MEMORY) || '{}');
      return sent === name() && Date.now() - at < WITHIN_MS ? count : 0;
    } catch (noStorage) {
      return 0;
    }
  }

  // The form in a few digits: what was typed is not to be stored.
  function name() {
    let hash = 0;
    for (const c of form ? form.outerHTML : '') hash = Math.imul(hash, 31) + c.charCodeAt(0) | 0;
    return hash;
  }

  function remember() {
    try {
      sessionStorage.setItem(MEMORY, JSON.stringify({ sent: name(), at: Date.now(), count: rounds() + 1 }));
    } catch (noStorage) {
      // Then nobody counts.
    }
  }

  function send() {
    if (again === 'back') {
      show(texts.back, false);
      offer(texts.go_back, () => history.back());
      return;
    }
    remember();
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
      show('', false);
      problem.textContent = texts.failed;
      // What can't be solved any more is asked anew by sending the form without an answer.
      if (failed.over && again === 'back') offer(texts.go_back, () => history.back());
      else offer(texts.retry, failed.over ? send : solve);
    } finally {
      clearTimeout(slow);
    }
  }

  if (!navigator.cookieEnabled) {
    problem.textContent = texts.cookies;
    offer(texts.retry, () => location.reload());
  } else if (rounds() >= MOST_ROUNDS) {
    problem.textContent = texts.failed;
    offer(texts.retry, solve);
  } else if (again === 'press') {
    show(texts.press, false);
    offer(texts.go, solve);
  } else {
    solve();
  }
})();
