// <form data-js="compose">: toolbar, drafts, pictures, preview and @-names. Each part is optional.
import { make, speaker } from './dom.js';

async function send(url, form) {
  const body = new URLSearchParams([...new FormData(form)].filter(([, v]) => typeof v === 'string'));
  const answer = await fetch(url, { method: 'POST', body });
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
  const buttons = [...bar.querySelectorAll('button')], n = buttons.length;
  const rove = to => buttons.forEach((b, i) => { b.tabIndex = i === to ? 0 : -1; });
  bar.hidden = false;
  rove(0);
  bar.onkeydown = event => {
    const at = buttons.indexOf(event.target), to = { ArrowRight: (at + 1) % n, ArrowLeft: (at - 1 + n) % n }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    rove(to);
    buttons[to].focus();
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

function drafts(form, area) {
  const { draftUrl, draftKey, textSaved, textRestored } = form.dataset, key = 'kring-draft:' + (draftKey || form.getAttribute('action'));
  const state = form.querySelector('[data-js="draft-state"]');
  const keep = text => { try { text ? localStorage.setItem(key, text) : localStorage.removeItem(key); } catch { /* no storage */ } };
  let before = area.value, timer, gone;
  if (!before) try { if (area.value = localStorage.getItem(key) || '') state.textContent = textRestored; } catch { /* idem */ }
  async function save() {
    const now = area.value;
    timer = 0;
    if (gone || now === before) return;
    await send(draftUrl, form).then(() => keep(), () => keep(now));
    before = now;
    if (!gone) state.textContent = textSaved;
  }
  form.addEventListener('input', () => { timer ||= setTimeout(save, 3000); });
  form.addEventListener('submit', () => { gone = true; keep(); });
  addEventListener('pagehide', () => { if (!gone && area.value !== before) keep(area.value); });
}

function pictures(form, box) {
  const input = box.querySelector('input'), rows = box.querySelector('.alt-rows'), { textAlt, textAltHint, textRemove } = form.dataset;
  const name = f => f.name + f.size, said = {};
  let nr = 0;
  function set(list) {
    const all = new DataTransfer();
    list.forEach(f => all.items.add(f));
    input.files = all.files;
    show();
  }
  function take(event, files) {
    if (!files?.length) return;
    event.preventDefault();
    const old = [...input.files];
    set([...old, ...[...files].filter(f => !old.some(g => name(g) === name(f)))]);
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
  form.addEventListener('drop', event => { delete box.dataset.state; take(event, event.dataTransfer?.files); });
  form.addEventListener('dragleave', event => { if (!form.contains(event.relatedTarget)) delete box.dataset.state; });
  form.addEventListener('dragover', event => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    box.dataset.state = 'over';
  });
}

function preview(form, area, pane, button) {
  let timer;
  const load = async () => { pane.innerHTML = await send(form.dataset.previewUrl, form); };   // clean HTML
  button.onclick = event => {
    event.preventDefault();
    if (!pane.hidden) pane.hidden = true;
    else load().then(() => { pane.hidden = false; }, () => { button.onclick = null; form.requestSubmit(button); });
  };
  area.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => pane.hidden || load().catch(() => {}), 600); });
}

function mentions(form, area) {
  const { completeUrl, textSuggest } = form.dataset, id = area.id + '-names', said = speaker();
  const list = make('ul', { id, className: 'suggest', hidden: true, role: 'listbox', 'aria-label': textSuggest });
  let found = [], at = 0, start, timer, turn = 0;
  area.after(list, said);
  area.setAttribute('aria-autocomplete', 'list');
  function hide() {
    turn++;
    clearTimeout(timer);
    list.hidden = true;
    for (const a of ['aria-activedescendant', 'aria-controls']) area.removeAttribute(a);
  }
  function mark(to) {
    at = (to + found.length) % found.length;
    [...list.children].forEach((o, i) => o.setAttribute('aria-selected', i === at));
    area.setAttribute('aria-activedescendant', list.children[at].id);
  }
  function take(i = at) {
    const text = `@${found[i].handle} `, end = start + text.length;
    hide();
    put(area, text, start, area.selectionStart, end, end);
  }
  async function look() {
    const word = area.value.slice(0, area.selectionStart).match(/(?<![^\s(])@([\p{L}\p{N}_.@-]{1,40})$/u), mine = ++turn;
    if (!word) return hide();
    const answer = await fetch(`${completeUrl}?q=${encodeURIComponent(word[1])}&group=${form.elements.group?.value || ''}`).then(r => r.json()).catch(() => []);
    if (mine !== turn) return;
    found = answer.slice(0, 6);
    if (!found.length) return hide();
    start = word.index;
    list.replaceChildren(...found.map((n, i) => make('li', { id: `${id}-${i}`, role: 'option', onpointerdown: event => { event.preventDefault(); take(i); } }, n.name, make('span', {}, '@' + n.handle))));
    list.hidden = false;
    area.setAttribute('aria-controls', id);
    said.textContent = `${textSuggest}: ${found.length}`;
    mark(0);
  }
  const keys = { ArrowDown: () => mark(at + 1), ArrowUp: () => mark(at - 1), Enter: () => take(), Tab: () => take(), Escape: hide };
  area.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 150); });
  area.addEventListener('blur', hide);
  area.addEventListener('keydown', event => {
    if (list.hidden || event.isComposing || event.shiftKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}

for (const form of document.querySelectorAll('form[data-js="compose"]')) {
  const part = selector => form.querySelector(selector), area = part('textarea'), { draftUrl, previewUrl, completeUrl } = form.dataset;
  const bar = part('.toolbar'), box = part('[data-js="pictures"]'), pane = part('[data-js="preview"]'), button = part('button[name="preview"]');
  if (bar) toolbar(bar, area);
  if (draftUrl) drafts(form, area);
  if (box) pictures(form, box);
  if (previewUrl && pane && button) preview(form, area, pane, button);
  if (completeUrl) mentions(form, area);
}
