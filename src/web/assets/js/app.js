// Entry. Every module finds its own elements; the page works without any of them.
import './live.js';
import './compose.js';
import './confirm.js';
import './crop.js';

document.documentElement.dataset.js = '';
document.querySelector('[data-js="error-summary"]')?.focus();
document.addEventListener('click', event => {
  if (event.target.closest('[data-js="print"]')) print();
  for (const menu of document.querySelectorAll('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener('keydown', event => {
  const menu = event.key === 'Escape' && document.activeElement?.closest('details.menu[open]');
  if (menu) { menu.open = false; menu.firstElementChild.focus(); }
});
// Desk computers are shared: no unsent words stay behind.
document.addEventListener('submit', event => {
  if (event.target.getAttribute('action') === '/sign-out') localStorage.clear();
});
// Names and titles while typing.
const q = document.querySelector('[data-js="seek"]');
q?.addEventListener('input', async () => {
  const asked = q.value, r = await fetch(`/search/suggest?q=${encodeURIComponent(asked)}`);
  if (r.ok && asked === q.value) document.getElementById('seek').innerHTML = await r.text();
});
