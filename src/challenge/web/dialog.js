// What a person has to do: type what a picture shows or a recording says, use a provider's widget, or send a text message.
// Loaded by client.js when it is needed; what stands before this in the file sets `sendwallTexts` in one language.
(() => {
  'use strict';
  const TEXT = window.sendwallTexts;
  const tag = document.currentScript;
  const SMS_POLL_MS = 3000;

  const STYLE = `
    :host { all: initial; }
    * { box-sizing: border-box; }
    .card { font: 1rem/1.5 system-ui, sans-serif; color: #16181d; background: #fff; color-scheme: light; }
    dialog { width: min(24rem, calc(100vw - 2rem)); padding: 1.5rem; border: 0; border-radius: .75rem;
      box-shadow: 0 1rem 3rem rgb(0 0 0 / .35); }
    dialog::backdrop { background: rgb(0 0 0 / .55); }
    h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .5rem; }
    p { margin: 0 0 1rem; overflow-wrap: anywhere; }
    img { display: block; width: 100%; height: auto; border-radius: .5rem; border: 1px solid #767b87; background: #fff; }
    audio { display: block; width: 100%; margin-top: .75rem; }
    label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
    input { width: 100%; font: inherit; font-size: 1.25rem; letter-spacing: .15em; padding: .6rem .75rem; color: inherit;
      background: transparent; border: 1px solid #767b87; border-radius: .5rem; }
    button, .button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem 1rem; border-radius: .5rem;
      border: 1px solid #767b87; color: inherit; background: transparent; cursor: pointer; text-decoration: none;
      display: inline-block; text-align: center; }
    .button { margin-bottom: 1rem; }
    button[type=submit], .button { background: #1d4fd7; border-color: #1d4fd7; color: #fff; }
    button:disabled { opacity: .6; cursor: default; }
    :focus-visible { outline: 3px solid #1d4fd7; outline-offset: 2px; }
    .row { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .75rem; }
    .row > * { flex: 1 1 auto; }
    .status { min-height: 1.5rem; margin: .5rem 0 0; color: #a3180f; }
    .word { font: 700 1.5rem ui-monospace, monospace; letter-spacing: .1em; user-select: all; }
    [hidden] { display: none !important; }
    @media (prefers-color-scheme: dark) {
      .card { color: #f1f3f7; background: #1b1e26; color-scheme: dark; }
      .status { color: #ffa198; }
      button[type=submit], .button { background: #8ab0ff; border-color: #8ab0ff; color: #0c1020; }
      :focus-visible { outline-color: #8ab0ff; }
    }`;

  // Where each provider's widget comes from, and how it is put into `place`; it gives the provider's token.
  const WIDGETS = {
    turnstile: (offer, place) => script('https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit').then(() =>
      new Promise((resolve, reject) => window.turnstile.render(place, {
        sitekey: offer.sitekey, action: offer.action, cData: offer.cdata, language: TEXT.lang,
        callback: resolve, 'error-callback': reject,
      }))),
    hcaptcha: (offer, place) => script(`https://js.hcaptcha.com/1/api.js?render=explicit&hl=${TEXT.lang}`).then(() =>
      new Promise((resolve, reject) => window.hcaptcha.render(place, {
        sitekey: offer.sitekey, callback: resolve, 'error-callback': reject,
      }))),
    recaptcha: (offer, place) => google(`render=explicit&hl=${TEXT.lang}`).then((recaptcha) =>
      new Promise((resolve, reject) => recaptcha.render(place, {
        sitekey: offer.sitekey, callback: resolve, 'error-callback': reject,
      }))),
    recaptcha_v3: (offer) => google(`render=${encodeURIComponent(offer.sitekey)}`).then((recaptcha) =>
      recaptcha.execute(offer.sitekey, { action: offer.action })),
    mcaptcha: (offer, place) => new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.src = `${offer.url.replace(/\/$/, '')}/widget/?sitekey=${encodeURIComponent(offer.sitekey)}`;
      frame.title = TEXT.title;
      Object.assign(frame.style, { width: '100%', height: '80px', border: '0' });
      window.addEventListener('message', ({ source, data }) => {
        if (source === frame.contentWindow && data && data.token) resolve(data.token);
      });
      place.append(frame);
    }),
    cap: (offer, place) => script(new URL('../assets/widget.js', offer.url).href).then(() =>
      new Promise((resolve, reject) => {
        const widget = document.createElement('cap-widget');
        widget.setAttribute('data-cap-api-endpoint', offer.url);
        widget.addEventListener('solve', (event) => resolve(event.detail.token));
        widget.addEventListener('error', reject);
        place.append(widget);
      })),
    geetest: (offer, place) => script('https://static.geetest.com/v4/gt4.js').then(() =>
      new Promise((resolve, reject) => window.initGeetest4({
        captchaId: offer.sitekey, product: 'float', language: TEXT.lang === 'zh' ? 'zho' : TEXT.lang,
      }, (captcha) => {
        captcha.appendTo(place);
        captcha.onSuccess(() => resolve(JSON.stringify(captcha.getValidate()))).onError(reject);
      }))),
  };

  const loaded = new Map();
  function script(url) {
    if (!loaded.has(url)) {
      loaded.set(url, new Promise((resolve, reject) => {
        const element = document.createElement('script');
        element.src = url;
        element.async = true;
        if (tag && tag.nonce) element.nonce = tag.nonce;
        element.onload = resolve;
        element.onerror = () => { loaded.delete(url); element.remove(); reject(new Error(`${url} does not load`)); };
        document.head.append(element);
      }));
    }
    return loaded.get(url);
  }

  const google = (query) => script(`https://www.google.com/recaptcha/api.js?${query}`).then(() =>
    new Promise((resolve) => window.grecaptcha.ready(() => resolve(window.grecaptcha))));

  // An element with properties (`data-`, `aria-` and the like as attributes) and children.
  function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  // A card in a shadow of its own, so that the page's style and ours don't meet.
  function stage(into) {
    const host = make('sendwall-dialog', { lang: TEXT.lang });
    const shadow = host.attachShadow({ mode: 'open' });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      shadow.adoptedStyleSheets = [sheet];
    } catch (older) {
      shadow.append(make('style', { textContent: STYLE }));
    }
    const card = make(into ? 'div' : 'dialog', { className: 'card', 'aria-labelledby': 'title' });
    shadow.append(card);
    (into || document.body).append(host);
    return { host, card };
  }

  /// Asks, and gives the pass. `send` takes an answer's fields to sendwall; addresses are relative to `from`.
  function ask(challenge, { send, signal, unsolved, from, into }) {
    const { host, card } = stage(into);
    const back = document.activeElement;
    return new Promise((resolve, reject) => {
      const person = new Person(challenge, { send, unsolved, from, card, host, closable: !into }, resolve, reject);
      signal.addEventListener('abort', () => reject(signal.reason || new DOMException('aborted', 'AbortError')));
      card.addEventListener('cancel', (event) => { event.preventDefault(); person.cancel(); });
      person.show(challenge.offers[0]);
      if (card.showModal) card.showModal();
      person.focus();
    }).finally(() => {
      host.remove();
      if (back && back.focus) back.focus();
    });
  }

  // One person's way through the offers.
  class Person {
    constructor(challenge, place, resolve, reject) {
      Object.assign(this, place, { challenge, resolve, reject, turn: 0 });
    }

    cancel() {
      this.reject(Object.assign(new Error('sendwall: cancelled'), { code: 'cancelled' }));
    }

    focus() {
      const first = this.card.querySelector('input, a, [data-first]');
      if (first) first.focus();
    }

    // Shows one offer; what an earlier one still does is then of no interest.
    show(offer, status = '') {
      const turn = ++this.turn;
      this.status = make('p', { className: 'status', role: 'alert' });
      this.host.replaceChildren();
      const body = this[offer.provider === 'image' ? 'image' : offer.provider === 'sms' ? 'sms' : 'widget'](offer, turn);
      this.card.replaceChildren(make('h2', { id: 'title', textContent: TEXT.title }), ...body, this.others(offer));
      this.say(status);
    }

    say(text) {
      this.status.textContent = text;
    }

    others(offer) {
      const row = make('div', { className: 'row' });
      const offers = this.challenge.offers;
      if (this.closable) row.append(make('button', { type: 'button', textContent: TEXT.cancel, onclick: () => this.cancel() }));
      if (offers.length > 1) {
        const following = offers[(offers.findIndex((other) => other.provider === offer.provider) + 1) % offers.length];
        const show = () => { this.show(following); this.focus(); };
        row.append(make('button', { type: 'button', textContent: TEXT.other_way, onclick: show }));
      }
      return row;
    }

    // Sends an answer; a new challenge takes the place of one that was answered wrongly.
    async answer(provider, answer, turn) {
      let told;
      try {
        const fields = { token: this.challenge.token, provider };
        told = await this.send(answer === undefined ? fields : Object.assign(fields, { answer }));
      } catch (problem) {
        told = { code: 'no_answer' };
      }
      if (turn !== this.turn) return told;
      if (told.ok) {
        this.resolve(told.pass);
      } else if (told.challenge && told.challenge.offers) {
        this.challenge = told.challenge;
        const offers = told.challenge.offers;
        const wrong = told.code === 'solution_wrong' && answer !== '';
        this.show(offers.find((offer) => offer.provider === provider) || offers[0], wrong ? TEXT.wrong : '');
        this.focus();
      } else if (told.over) {
        this.reject(this.unsolved(told));
      } else if (!told.waiting) {
        this.say(told.code === 'too_many' ? TEXT.too_many : TEXT.failed);
      }
      return told;
    }

    image(offer, turn) {
      const at = (path) => new URL(path, this.from).href;
      const picture = make('img', { src: at(offer.image), alt: TEXT.alt });
      const player = make('audio', { controls: true, hidden: true, preload: 'none' });
      const listen = () => {
        if (!player.src) player.src = at(`${offer.audio}?lang=${TEXT.lang}`);
        player.hidden = false;
        player.play().catch(() => {});
        input.focus();
      };
      const input = make('input', {
        id: 'answer', type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: false, required: true,
        enterKeyHint: 'go', 'aria-describedby': 'lead',
      });
      const go = make('button', { type: 'submit', textContent: TEXT.go });
      const another = () => this.answer('image', '', turn);
      const tools = make('div', { className: 'row' },
        make('button', { type: 'button', textContent: TEXT.another, onclick: another }));
      if (offer.audio) tools.prepend(make('button', { type: 'button', textContent: TEXT.listen, onclick: listen }));
      const form = make('form', {
        onsubmit: async (event) => {
          event.preventDefault();
          if (!input.value.trim()) return;
          go.disabled = true;
          this.say('');
          await this.answer('image', input.value.trim(), turn);
          go.disabled = false;
        },
      }, make('label', { htmlFor: 'answer', textContent: TEXT.label }), input, this.status, make('div', { className: 'row' }, go));
      return [make('p', { id: 'lead', textContent: TEXT.image }), picture, tools, player, form];
    }

    widget(offer, turn) {
      // In the page's own tree: widgets look for their element there.
      const place = make('div', { slot: 'widget' });
      this.host.append(place);
      const start = WIDGETS[offer.provider];
      const shown = start ? start(offer, place) : Promise.reject(new Error(`unknown provider ${offer.provider}`));
      // One that doesn't load, or whose token got nowhere, has no button of its own.
      const show = () => { this.show(offer); this.focus(); };
      const retry = make('button', { type: 'button', hidden: true, textContent: TEXT.retry, onclick: show });
      shown.then((token) => this.answer(offer.provider, token, turn), () => {
        if (turn === this.turn) this.say(TEXT.failed);
      }).then(() => { retry.hidden = false; });
      const lead = make('p', { id: 'lead', textContent: TEXT.widget });
      return [lead, make('slot', { name: 'widget' }), this.status, make('div', { className: 'row' }, retry)];
    }

    sms(offer, turn) {
      const poll = async () => {
        if (turn !== this.turn || !this.host.isConnected) return;
        const told = await this.answer('sms', undefined, turn);
        if (told.waiting || told.code === 'no_answer') setTimeout(poll, SMS_POLL_MS);
      };
      setTimeout(poll, SMS_POLL_MS);
      const parts = [make('p', { id: 'lead', textContent: TEXT.sms.replace('{to}', offer.to) }),
        make('p', { className: 'word', textContent: offer.text })];
      if (offer.link && /^sms:/.test(offer.link)) {
        parts.push(make('a', { className: 'button', href: offer.link, textContent: TEXT.sms_open }));
      }
      return [...parts, make('p', { role: 'status', textContent: TEXT.sms_waiting }), this.status];
    }
  }

  window.sendwallDialog = { ask };
})();
