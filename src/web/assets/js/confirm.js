// <a data-confirm>: shows the confirm page in a <dialog>; any trouble follows the link.
import { make } from './dom.js';

document.addEventListener('click', async event => {
  const link = event.target.closest('a[data-confirm]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href), page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const body = page.querySelector('[data-confirm-body]'), title = body.querySelector('h1');
    title.replaceWith(make('h2', { id: 'confirm-title' }, ...title.childNodes));
    const dialog = make('dialog', { className: 'dialog', 'aria-labelledby': 'confirm-title' }, body);
    dialog.onclick = click => {
      if (click.target !== dialog && !click.target.closest('[data-confirm-cancel]')) return;
      click.preventDefault();
      dialog.close();
    };
    dialog.onclose = () => { dialog.remove(); (link.closest('details')?.firstElementChild || link).focus(); };
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('[data-confirm-cancel]')?.focus();
  } catch { location.assign(link.href); }
});
