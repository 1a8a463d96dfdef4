// Says that something new has come; never moves the page or the focus.
import { make } from './dom.js';

const { live: topic, liveOne, liveMany, liveView, liveClose } = document.body.dataset;
const seen = new Set(), spoken = make('span', { className: 'visually-hidden', role: 'status' }), text = make('span');
const bar = make('div', { className: 'live-bar', hidden: true }, text,
  make('a', { href: '' }, liveView || ''),
  make('button', { type: 'button', 'aria-label': liveClose || '', onclick: () => { bar.hidden = true; } }, '×'));
let source, last = '', said = -Infinity, timer;

function show() {
  text.textContent = seen.size === 1 ? liveOne : liveMany.replace('{n}', seen.size);
  bar.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { said = performance.now(); spoken.textContent = text.textContent; }, said + 30_000 - performance.now());
}

function message({ data, lastEventId }) {
  last = lastEventId || last;
  const news = JSON.parse(data), name = `${news.kind}-${news.id}`;
  if (news.kind === 'notice') {
    for (const count of document.querySelectorAll('[data-live-count]')) {
      count.textContent = news.count ?? Number(count.textContent) + 1;
      count.hidden = count.textContent === '0';
    }
  } else if (news.id && !document.getElementById(name)) {
    seen.add(name);
    show();
  }
}

function close() { source?.close(); source = null; }
function open() {
  if (source || document.hidden) return;
  source = new EventSource(`/live?topic=${encodeURIComponent(topic)}&last=${encodeURIComponent(last)}`);
  source.onmessage = message;
}

if (topic) {
  document.body.append(bar, spoken);
  document.addEventListener('visibilitychange', () => document.hidden ? close() : open());
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
}
