// The composer: each part is optional.
import { make, wait } from './dom.js';

let kept = {};
try { kept = localStorage; } catch { /* the browser keeps nothing */ }
const keep = (key, text) => { try { kept[key] = text || ''; } catch { /* full */ } };
if (/[?&]done=(?!session)/.test(location.search) && kept.sent) {
  keep(kept.sent);
  keep('sent');
}

/** Fails when the session is over, too. */
async function send(url, form) {
  const answer = await fetch(url, { method: 'POST', redirect: 'error', body: new URLSearchParams(new FormData(form)) });
  if (!answer.ok) throw answer;
  return answer.text();
}

/** Replaces text as typing would, so that undo works. */
function put(area, text, from, to, start, end) {
  area.focus();
  area.setSelectionRange(from, to);
  document.execCommand('insertText', false, text) || area.setRangeText(text);
  area.setSelectionRange(start, end);
}

function toolbar(bar, area) {
  const buttons = [...bar.children], n = buttons.length;
  bar.hidden = false;
  bar.onkeydown = event => {
    const now = event.target, step = { ArrowRight: 1, ArrowLeft: n - 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = buttons[(buttons.indexOf(now) + step) % n];
    now.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
  bar.onclick = event => {
    const { wrap, prefix, link } = event.target.closest('button')?.dataset || {};
    const { value, selectionStart: from, selectionEnd: to } = area, chosen = value.slice(from, to);
    if (wrap) put(area, wrap + chosen + wrap, from, to, from + wrap.length, to + wrap.length);
    else if (link) put(area, `[${chosen}](${link})`, from, to, to + 3, to + 3 + link.length);
    else if (prefix) {
      const line = value.lastIndexOf('\n', from - 1) + 1, text = value.slice(line, to).replace(/^/gm, prefix), end = line + text.length;
      put(area, text, line, to, end, end);
    }
  };
}

/** Keeps text here until the server has it, or a page says `?done=`. */
function drafts(form, area) {
  const { draftUrl, draftKey: key, textSaved, textRestored } = form.dataset, state = form.querySelector('[data-js="draft-state"]');
  let timer, gone;
  if (kept[key] && kept[key] !== area.value) {
    area.value = kept[key];
    state.textContent = textRestored;
  }
  async function save() {
    const now = area.value;
    timer = 0;
    if (gone) return;
    await send(draftUrl, form).then(() => now === area.value && keep(key), () => {});
    state.textContent = textSaved;
  }
  form.addEventListener('input', () => { keep(key, area.value); timer ||= setTimeout(save, 3000); });
  form.addEventListener('submit', () => { gone = true; keep('sent', key); });
}

function pictures(form, box) {
  const input = box.querySelector('input'), rows = box.querySelector('.alt-rows'), { textAlt, textAltHint, textRemove } = form.dataset;
  const name = f => f.name + f.size, said = {};
  let nr = 0;
  function set(list) {
    const all = new DataTransfer(), seen = {};
    for (const f of list) if (!seen[name(f)]) seen[name(f)] = all.items.add(f);
    input.files = all.files;
    show();
  }
  function take(event, files) {
    delete box.dataset.state;
    if (!files?.length) return;
    event.preventDefault();
    set([...input.files, ...files]);
  }
  function show() {
    rows.querySelectorAll('[data-new]').forEach(row => row.remove());
    for (const file of input.files) {
      const id = 'alt-new-' + nr++, picture = file.type.startsWith('image/');
      const alt = make('input', { id, name: 'alt', type: picture ? 'text' : 'hidden', value: said[name(file)] || '', 'aria-describedby': id + '-hint' });
      const away = make('button', { type: 'button', className: 'link-button', 'aria-label': `${textRemove}: ${file.name}` }, textRemove);
      alt.oninput = () => { said[name(file)] = alt.value; };
      away.onclick = () => { set([...input.files].filter(f => f !== file)); input.focus(); };
      rows.append(make('div', { className: 'alt-row', 'data-new': '' },
        picture ? make('img', { src: URL.createObjectURL(file), alt: '' }) : file.name,
        make('div', { className: 'field' }, ...picture ? [make('label', { htmlFor: id }, textAlt), make('p', { id: id + '-hint', className: 'field__hint' }, textAltHint)] : [], alt, away)));
    }
  }
  input.addEventListener('change', show);
  form.addEventListener('paste', event => take(event, event.clipboardData?.files));
  form.addEventListener('drop', event => take(event, event.dataTransfer?.files));
  form.addEventListener('dragleave', event => { if (!form.contains(event.relatedTarget)) delete box.dataset.state; });
  form.addEventListener('dragover', event => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    box.dataset.state = 'over';
  });
}

function preview(form, area, pane, button) {
  const load = async () => { pane.innerHTML = await send(form.dataset.previewUrl, form); }; 
  button.onclick = event => {
    event.preventDefault();
    if (!pane.hidden) pane.hidden = true;
    else load().then(() => { pane.hidden = false; }, () => { button.onclick = null; form.requestSubmit(button); });
  };
  area.addEventListener('input', wait(600, () => pane.hidden || load().catch(() => {})));
}

/** Names after an `@`; in the field "To whom?" every word is one. */
function mentions(form, area) {
  const { completeUrl, textSuggest } = form.dataset, id = area.id + '-names', to = area.name === 'to';
  const before = to ? /(?<![^\s,;])@?([\p{L}\p{N}_.@-]{1,40})$/u : /(?<![^\s(])@([\p{L}\p{N}_.@-]{1,40})$/u;
  const list = make('ul', { id, className: 'suggest', hidden: true, role: 'listbox', 'aria-label': textSuggest });
  let found = [], at, start, turn = 0;
  area.after(list);
  area.setAttribute('aria-autocomplete', 'list');
  area.setAttribute('aria-controls', id);
  function hide() {
    turn++;
    list.hidden = true;
    area.removeAttribute('aria-activedescendant');
  }
  function mark(next) {
    at = (next + found.length) % found.length;
    [...list.children].forEach((o, i) => o.setAttribute('aria-selected', i === at));
    area.setAttribute('aria-activedescendant', list.children[at].id);
  }
  function take(i = at) {
    const text = to ? `${found[i].handle}, ` : `@${found[i].handle} `, end = start + text.length;
    hide();
    put(area, text, start, area.selectionStart, end, end);
  }
  async function look() {
    const word = area.value.slice(0, area.selectionStart).match(before), mine = ++turn;
    if (!word) return hide();
    const ask = new URLSearchParams({ q: word[1], group: to ? 'to' : form.elements.group?.value || '' });
    const answer = await fetch(`${completeUrl}?${ask}`).then(r => r.json()).catch(() => []);
    if (mine !== turn) return;
    found = answer;
    if (!found.length) return hide();
    start = word.index;
    list.replaceChildren(...found.map((n, i) => make('li', { id: `${id}-${i}`, role: 'option', onpointerdown: event => { event.preventDefault(); take(i); } }, n.name, make('span', {}, n.about))));
    list.hidden = false;
    mark(0);
  }
  area.addEventListener('input', wait(150, () => document.activeElement === area && look()));
  area.addEventListener('blur', hide);
  area.addEventListener('keydown', event => {
    const act = { ArrowDown: () => mark(at + 1), ArrowUp: () => mark(at - 1), Enter: take, Tab: take, Escape: hide }[event.key];
    if (!act || list.hidden || event.isComposing || event.shiftKey) return;
    event.preventDefault();
    act();
  });
}

for (const form of document.querySelectorAll('form[data-js="compose"]')) {
  const part = selector => form.querySelector(selector), area = part('textarea'), { draftUrl, previewUrl, completeUrl } = form.dataset;
  const bar = part('.toolbar'), box = part('[data-js="pictures"]'), pane = part('[data-js="preview"]'), button = part('button[name="preview"]');
  if (bar) toolbar(bar, area);
  if (draftUrl) drafts(form, area);
  if (box) pictures(form, box);
  if (previewUrl && pane && button) preview(form, area, pane, button);
  if (completeUrl) for (const field of form.querySelectorAll('textarea, [name=to]')) mentions(form, field);
}
